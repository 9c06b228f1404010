"""What a mail server's answer means (RFC 5321, and the enhanced codes of RFC 3463), as a pure table."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from enum import StrEnum

from ..outcome import Code, Outcome, Permanent, Temporary

EXCERPT = 1_000
"""Characters of an answer that are kept with a failed attempt."""

AUTH_CODES = frozenset({530, 534, 535, 538})
ABOUT_SENDER = frozenset({7, 8})
"""Details of x.1.x: bad address of the sender, bad system of the sender."""

_ENHANCED = re.compile(r"[245]\.(\d{1,3})\.(\d{1,3})(?!\d)")


class Stage(StrEnum):
    """What we had said when the answer came. `CONTENT`: the whole letter, and the dot that ends it."""

    CONNECT = "connect"
    HELLO = "hello"
    TLS = "tls"
    AUTH = "auth"
    SENDER = "sender"
    RECIPIENT = "recipient"
    DATA = "data"
    CONTENT = "content"


@dataclass(frozen=True)
class Reply:
    """`text` has the lines of the answer, joined by blanks."""

    code: int
    text: str

    @property
    def enhanced(self) -> tuple[int, int] | None:
        """Subject and detail of the enhanced code, (1, 1) of `5.1.1`."""
        match = _ENHANCED.match(self.text)
        return (int(match[1]), int(match[2])) if match else None

    def __str__(self) -> str:
        return f"{self.code} {self.text}"[:EXCERPT].strip()


def failure(reply: Reply, stage: Stage) -> Outcome:
    """What a refusal means for the one recipient of the letter, and for the channel."""
    subject, detail = reply.enhanced or (0, 0)
    words = str(reply)
    if reply.code in AUTH_CODES or (stage is Stage.AUTH and reply.code >= 500):
        return Permanent("auth", words, disable=True)
    if 400 <= reply.code < 500:
        return Temporary(_passing(reply.code, subject, stage), words)
    if not 500 <= reply.code < 600:
        return Temporary("provider", words)
    if stage in {Stage.CONNECT, Stage.HELLO, Stage.TLS, Stage.SENDER} and reply.code != 552:
        return Permanent("config", words)
    if subject == 1:
        sender = detail in ABOUT_SENDER
        return Permanent("config", words) if sender else Permanent("address", words, suppress=True)
    return Permanent(_lasting(reply.code, subject, detail, stage), words)


def _passing(code: int, subject: int, stage: Stage) -> Code:
    """What is said of one recipient (a full mailbox, a greylist) says nothing of the server."""
    if stage is Stage.AUTH:
        return "auth"
    if code == 421 or stage is not Stage.RECIPIENT or subject in {3, 4, 5}:
        return "provider"
    return "address"


def _lasting(code: int, subject: int, detail: int, stage: Stage) -> Code:
    match subject, detail:
        case (2, 3) | (3, 4):
            return "content"
        case (2 | 4, _):
            return "address"
        case (3 | 5 | 7, _):
            return "provider"
        case (6, _):
            return "content"
        case _:
            return "content" if code == 552 or stage is not Stage.RECIPIENT else "address"


def redacted(text: str, *secrets: str) -> str:
    """`text` without these, plain or in the base64 of a sign-in that a server might say back to us."""
    for secret in filter(None, secrets):
        for form in (secret, b64encode(secret.encode()).decode()):
            text = text.replace(form, "***")
    return text
