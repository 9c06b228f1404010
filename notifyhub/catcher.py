"""The webhook catcher of the embedded mode: a receiver of each tenant's webhooks, as one would write it oneself.

It verifies each request with the `standardwebhooks` library, answers as it was told to, and keeps what came.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from standardwebhooks import Webhook, WebhookVerificationError

from .ring import Ring
from .script import Scripts

MOST, SIZE = 500, 20 * 1024 * 1024
BODY_MAX = 512 * 1024
SLOW = 10.0
"""Seconds that a slow answer takes: less than the sender waits."""


class Verdict(StrEnum):
    """What the signature says."""

    GOOD = "good"
    UNSIGNED = "unsigned"
    MALFORMED = "malformed"
    OLD = "old"
    EARLY = "early"
    WRONG = "wrong"
    NO_KEY = "no_key"


class Manner(StrEnum):
    """A way to answer that a sender has to cope with."""

    ERROR = "error"
    AWAY = "away"
    GONE = "gone"
    SLOW = "slow"


STATUS = {Manner.ERROR: 500, Manner.AWAY: 503, Manner.GONE: 410, Manner.SLOW: 204}
THANKS, REFUSED = 204, 401


@dataclass(frozen=True)
class Key:
    """A signing secret and the name of the channel that it belongs to."""

    channel: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Caught:
    """A request that came for a tenant, what its signature says, and how it was answered. `key` names the channel whose
    secret fits; `message` is its webhook-id, or "" where it has none."""

    id: UUID
    tenant_id: int
    at: datetime
    headers: Sequence[tuple[str, str]]
    body: bytes = field(repr=False)
    verdict: Verdict
    key: str
    message: str
    answered: int
    manner: Manner | None = None

    @property
    def signature_fits(self) -> bool:
        return self.verdict is Verdict.GOOD

    @property
    def type(self) -> str:
        """What the body says it is about, if it is of the recommended form."""
        kind = self._json().get("type")
        return kind[:200] if isinstance(kind, str) else ""

    @property
    def title(self) -> str:
        """The words of the notice that a webhook of ours carries."""
        found: Any = self._json()
        for name in ("data", "notice", "title"):
            found = found.get(name) if isinstance(found, dict) else None
        return found[:300] if isinstance(found, str) else ""

    def pretty(self) -> str:
        """The body as a person reads it: JSON indented, anything else as it came."""
        try:
            return json.dumps(json.loads(self.body), indent=2, ensure_ascii=False)
        except (ValueError, RecursionError):
            return self.body.decode("utf-8", "replace")

    def _json(self) -> dict[str, Any]:
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


CAUGHT: Ring[Caught] = Ring(most=MOST, size=SIZE)
_closing = threading.Event()
SCRIPTS: Scripts[Manner] = Scripts()


def catch(
    headers: Sequence[tuple[str, str]], body: bytes, *, tenant_id: int, keys: Iterable[Key], now: datetime | None = None
) -> Caught:
    """Verify a request that came for this tenant and keep it. The answer is in `answered`; whoever answers
    takes time first where the `manner` is slow."""
    named = {name.lower(): value for name, value in headers}
    verdict, key = verify(named, body, keys=keys)
    manner = SCRIPTS.take(tenant_id)
    proper = THANKS if verdict is Verdict.GOOD else REFUSED
    caught = Caught(
        id=uuid.uuid4(),
        tenant_id=tenant_id,
        at=now or datetime.now(UTC),
        headers=tuple(headers),
        body=body,
        verdict=verdict,
        key=key,
        message=named.get("webhook-id", "")[:200],
        answered=proper if manner in {None, Manner.SLOW} else STATUS[manner],
        manner=manner,
    )
    CAUGHT.put(caught, size=len(body) + sum(len(name) + len(value) for name, value in headers))
    return caught


def verify(headers: Mapping[str, str], body: bytes, *, keys: Iterable[Key]) -> tuple[Verdict, str]:
    """The verdict over these (lower-case) header fields and this body, and the name of the key that fits."""
    if not all(headers.get(f"webhook-{name}") for name in ("id", "timestamp", "signature")):
        return Verdict.UNSIGNED, ""
    verdict = Verdict.NO_KEY
    for key in keys:
        verdict = _verdict(headers, body, key.secret)
        if verdict is Verdict.GOOD:
            return verdict, key.channel
    return verdict, ""


def stable_id(message: str) -> UUID | None:
    """The delivery that a webhook-id of ours names."""
    try:
        return UUID(message.removeprefix("msg_")) if message.startswith("msg_") else None
    except ValueError:
        return None


def take_time() -> None:
    """What a slow receiver does: nothing, for `SLOW` seconds, or until the site stops."""
    _closing.wait(SLOW)


def hang_up() -> None:
    """The site stops: nobody takes any more time."""
    _closing.set()


def _verdict(headers: Mapping[str, str], body: bytes, secret: str) -> Verdict:
    try:
        Webhook(secret).verify(body, dict(headers), json_parse=False)
    except WebhookVerificationError as error:
        said = str(error)
        if "old" in said:
            return Verdict.OLD
        if "new" in said:
            return Verdict.EARLY
        return Verdict.WRONG if "No matching" in said else Verdict.MALFORMED
    except (ValueError, TypeError):  # the library takes for granted that it is base64, and the body text
        return Verdict.MALFORMED
    return Verdict.GOOD
