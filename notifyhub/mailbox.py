"""The mailbox of the embedded mode: an `EMAIL_BACKEND` that keeps what was sent instead of sending it.

What is kept are the bytes of the whole message, so that what is shown is what would have arrived.
"""

from __future__ import annotations

import email
import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage as Parsed
from email.utils import parseaddr
from uuid import UUID

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from .ring import Ring

MOST, SIZE = 500, 20 * 1024 * 1024
PREVIEW = 200

_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}(?![0-9a-f])", re.IGNORECASE)
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Attachment:
    name: str
    type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Letter:
    """A mail as its reader finds it. `html` and `text` are "" where it has none."""

    headers: Sequence[tuple[str, str]]
    html: str
    text: str
    attachments: Sequence[Attachment]


@dataclass(frozen=True)
class Mail:
    """A mail that was sent. `to` is the envelope, blind copies included; `delivery` the stable id of the outbox, which
    its Message-ID holds, if it came from there."""

    id: UUID
    at: datetime
    sender: str
    to: Sequence[str]
    subject: str
    preview: str
    delivery: UUID | None
    raw: bytes = field(repr=False)

    @property
    def readers(self) -> list[str]:
        """Whom it went to, by name where they have one."""
        return [name or address for name, address in map(parseaddr, self.to)]

    def open(self) -> Letter:
        return _letter(email.message_from_bytes(self.raw, policy=policy.default))


BOX: Ring[Mail] = Ring(most=MOST, size=SIZE)


class MailboxBackend(BaseEmailBackend):
    """Keeps every mail in the mailbox of this process."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        sent = 0
        for message in email_messages:
            if to := message.recipients():
                keep(message.message().as_bytes(), to=to)
                sent += 1
        return sent


def keep(raw: bytes, *, to: Iterable[str]) -> Mail:
    """Put a mail into the mailbox, as it goes over the wire, with the addresses of its envelope."""
    parsed = email.message_from_bytes(raw, policy=policy.default)
    letter = _letter(parsed)
    found = _ID.search(str(parsed.get("Message-ID", "")))
    mail = Mail(
        id=uuid.uuid4(),
        at=datetime.now(UTC),
        sender=str(parsed.get("From", "")),
        to=tuple(to),
        subject=str(parsed.get("Subject", "")),
        preview=_preview(letter.text, subject=str(parsed.get("Subject", ""))),
        delivery=UUID(found[0]) if found else None,
        raw=raw,
    )
    BOX.put(mail, size=len(raw))
    return mail


def _preview(text: str, *, subject: str) -> str:
    """How it begins, after the subject that many a mail says once more."""
    return _SPACE.sub(" ", text).strip().removeprefix(subject).strip()[:PREVIEW]


def _letter(parsed: Parsed) -> Letter:
    """Walks the parts by itself: a mail that is built wrongly is what a developer wants to see, not an error."""
    html = text = ""
    attachments = []
    for part in parsed.walk():
        if part.is_multipart():
            continue
        shown = part.get_content_disposition() != "attachment" and not part.get_filename()
        if shown and part.get_content_type() == "text/html" and not html:
            html = _text(part)
        elif shown and part.get_content_type() == "text/plain" and not text:
            text = _text(part)
        else:
            attachments.append(Attachment(part.get_filename() or "", part.get_content_type(), _bytes(part)))
    return Letter([(name, str(value)) for name, value in parsed.items()], html, text, attachments)


def _bytes(part: Parsed) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _text(part: Parsed) -> str:
    try:
        return _bytes(part).decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:  # a charset nobody knows
        return _bytes(part).decode("utf-8", "replace")
