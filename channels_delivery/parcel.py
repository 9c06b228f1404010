"""A parcel: what a backend is given of a delivery."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from notifications.kernel import rowset


class Parcel(NamedTuple):
    """A delivery in this worker's hands while its lease lasts (NOBODY: without one), with all that its backend needs.
    `about` are the objects that its words speak of, as `notifications.targets` spells them.

    A tuple is made four times as fast as a frozen dataclass of so many fields.
    """

    id: int
    token: uuid.UUID
    attempt: int
    lane_id: int
    tenant_id: int
    public_id: uuid.UUID
    stable_id: uuid.UUID
    kind: str
    address: str
    channel_id: int | None
    recipient_id: int | None
    slots: Mapping[str, Any]
    parts: Mapping[str, Any]
    attachments: Sequence[Mapping[str, str]]
    notice_key: str
    expires_at: datetime | None
    created_at: datetime
    decided_at: datetime
    origin: uuid.UUID | None = None
    origin_step: str = ""
    lost: int = 0
    about: Sequence[str] = ()


def columns(vendor: str) -> str:
    """What a parcel is made of: columns of a delivery `d` and its message `m`. PostgreSQL is asked for times as text:
    its driver takes ten times as long to read them as Python does."""
    as_text = "::text" if vendor == "postgresql" else ""
    times = ", ".join(f"d.{name}{as_text}" for name in ("expires_at", "created_at", "decided_at"))
    return (
        "d.id, d.attempt, d.lane_id, d.tenant_id, d.public_id, d.stable_id, d.kind, d.address, d.channel_id,"
        " d.recipient_id, d.slots, d.message_id, m.parts, m.attachments, m.notice_key, d.origin, d.origin_step, d.lost,"
        " m.about,"
        f" {times}"
    )


NOBODY = uuid.UUID(int=0)
"""The token of a parcel that has no lease, since nobody else can see its row."""


def parcels_of(rows: Sequence[tuple[Any, ...]], token: uuid.UUID) -> list[Parcel]:
    """From rows of `columns`. The words of a message are read once, however many it goes to. Without a lease (NOBODY)
    the attempt is the one that begins now."""
    begins = int(token == NOBODY)
    words: dict[int, tuple[Any, Any]] = {}
    found = []
    for row in rows:
        (pk, attempt, lane, tenant, public, stable, kind, address, channel, recipient, slots, message, parts) = row[:13]
        attachments, notice_key, origin, step, lost, about, expires, created, decided = row[13:]
        if message not in words:
            words[message] = json.loads(parts), [] if attachments == "[]" else json.loads(attachments)
        found.append(
            Parcel(
                id=pk,
                token=token,
                attempt=attempt + begins,
                lane_id=lane,
                tenant_id=tenant,
                public_id=rowset.uuid_of(public),
                stable_id=rowset.uuid_of(stable),
                kind=kind,
                address=address,
                channel_id=channel,
                recipient_id=recipient,
                slots={} if slots == "{}" else json.loads(slots),
                parts=words[message][0],
                attachments=words[message][1],
                notice_key=notice_key,
                expires_at=rowset.moment(expires),
                created_at=rowset.moment(created),
                decided_at=rowset.moment(decided),
                origin=rowset.uuid_of(origin),
                origin_step=step,
                lost=lost,
                about=about.split("\n") if about else (),
            )
        )
    return found
