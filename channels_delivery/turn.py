"""A turn of the courier at the database: what came back is written down, and what can start is taken, in one
transaction. So a lane that both concern is read and written once, and a turn costs one flush of the log.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from notifications.kernel import rowset

from .claim import NOTHING, Claimed, Room, ready_now, take
from .counters import HeldLane, save_lanes
from .settle import Result, record, settle


@dataclass(frozen=True)
class Turn:
    """`put_off` are results that could not be written down yet: somebody else holds their rows."""

    claimed: Claimed
    put_off: Sequence[Result] = ()


def turn(results: Sequence[Result], room: Room, *, now: datetime, lease: timedelta) -> Turn:
    """Settle these, claim as many as there is room for. Whatever is wrong with what could be claimed, results are
    written down: else they would be sent again."""
    try:
        return _turn(results, room, now, lease)
    except Exception:
        settle(results, now=now)
        raise


def _turn(results: Sequence[Result], room: Room, now: datetime, lease: timedelta) -> Turn:
    ready = ready_now(now, room)
    if not results and not ready:
        return Turn(NOTHING)
    held: dict[int, HeldLane] = {}
    with transaction.atomic(), rowset.by_index(connection):
        began = time.monotonic()
        put_off = record(results, held, now=now) if results else []
        now += timedelta(seconds=time.monotonic() - began)  # it may have waited for locks, and leases begin now
        claimed = take(room, ready, held, now=now, lease=lease) if room.slots > 0 else NOTHING
        save_lanes(held.values(), now=now)
    return Turn(claimed, put_off)
