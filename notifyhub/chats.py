"""Slack and Teams of the embedded mode: rooms that take what is posted as those would, and keep it to be looked at.

They are strict where the real ones are: a message that those would refuse is refused here, with their words.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from channels_delivery.chat.drawn import SLACK, TEAMS, Drawn, drawn

from .ring import Ring
from .script import Scripts

KINDS = (SLACK, TEAMS)
MOST, SIZE = 300, 5 * 1024 * 1024
BODY_MAX = 128 * 1024
CARD_MAX = 28 * 1024
BLOCKS_MAX, HEADER_MAX, SECTION_MAX, BUTTON_MAX, WHOLE_MAX = 50, 150, 3_000, 75, 11_000


class Manner(StrEnum):
    """A way to answer that a sender has to cope with."""

    BUSY = "busy"
    BROKEN = "broken"
    GONE = "gone"


PATIENCE = 5
"""Seconds after which a busy room wants to be asked again."""

_SLACK_SAYS = {
    Manner.BUSY: (429, "rate_limited"),
    Manner.BROKEN: (500, "rollup_error"),
    Manner.GONE: (404, "no_service"),
}
_TEAMS_SAYS = {
    Manner.BUSY: (429, "TooManyRequests"),
    Manner.BROKEN: (502, "BadGateway"),
    Manner.GONE: (404, "WorkflowNotFound"),
}


@dataclass(frozen=True)
class Posted:
    """What was posted into a room of a tenant, and how that was answered: `status`, and the words that Slack or a flow
    says. `delivery` is the stable id of what of ours it is."""

    id: UUID
    tenant_id: int
    kind: str
    at: datetime
    body: bytes = field(repr=False)
    status: int
    said: str
    drawn: Drawn | None
    delivery: UUID | None

    @property
    def is_taken(self) -> bool:
        return self.status < 300

    def pretty(self) -> str:
        try:
            return json.dumps(json.loads(self.body), indent=2, ensure_ascii=False)
        except (ValueError, RecursionError):
            return self.body.decode("utf-8", "replace")


POSTED: Ring[Posted] = Ring(most=MOST, size=SIZE)
SCRIPTS: Scripts[Manner] = Scripts()


def post(kind: str, body: bytes, *, tenant_id: int, mark: str = "", now: datetime | None = None) -> Posted:
    """Take this, or say why not, or what the room was told to say, and keep it. `mark` is the header field by which a
    delivery of ours is known."""
    found = _read(body)
    status, said = _slack(found) if kind == SLACK else _teams(found, body)
    if (manner := SCRIPTS.take(tenant_id)) is not None:
        status, said = _SLACK_SAYS[manner] if kind == SLACK else _flow_says(manner)
    looks = drawn(kind, found) if found is not None else None
    if looks is None and status < 300:
        status, said = (400, "invalid_payload") if kind == SLACK else (400, _error("InvalidBotAdaptiveCard"))
    posted = Posted(
        uuid.uuid4(), tenant_id, kind, now or datetime.now(UTC), body, status, said, looks, _stable_id(mark)
    )
    POSTED.put(posted, size=len(body))
    return posted


def _read(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _slack(message: Mapping[str, Any] | None) -> tuple[int, str]:
    if message is None or not isinstance(message.get("blocks", []), list):
        return 400, "invalid_payload"
    blocks = message.get("blocks", [])
    if not message.get("text") and not blocks:
        return 400, "no_text"
    if len(json.dumps(blocks, ensure_ascii=False)) > WHOLE_MAX:
        return 400, "msg_blocks_too_long"
    fits = len(blocks) <= BLOCKS_MAX and all(_block_fits(one) for one in blocks)
    return (200, "ok") if fits else (400, "invalid_blocks")


def _block_fits(block: Any) -> bool:
    """Whether a block keeps its limit; of what we do not send, it knows nothing and lets it pass."""
    if not isinstance(block, dict):
        return False
    text = block.get("text")
    length = len(str(text.get("text", ""))) if isinstance(text, dict) else 1
    if not 0 < length <= {"header": HEADER_MAX}.get(str(block.get("type")), SECTION_MAX):
        return False
    buttons = [one for one in block.get("elements", ()) if isinstance(one, dict) and one.get("type") == "button"]
    return all(0 < len(str(one.get("text", {}).get("text", ""))) <= BUTTON_MAX for one in buttons)


def _teams(message: Mapping[str, Any] | None, body: bytes) -> tuple[int, str]:
    """A flow takes both shapes here; a real one is made for one of them."""
    if message is None:
        return 400, _error("InvalidRequestContent")
    return (413, _error("RequestEntityTooLarge")) if len(body) > CARD_MAX else (202, "")


def _flow_says(manner: Manner) -> tuple[int, str]:
    status, code = _TEAMS_SAYS[manner]
    return status, _error(code)


def _error(code: str) -> str:
    return json.dumps({"error": {"code": code}})


def _stable_id(mark: str) -> UUID | None:
    try:
        return UUID(mark.removeprefix("msg_")) if mark.startswith("msg_") else None
    except ValueError:
        return None
