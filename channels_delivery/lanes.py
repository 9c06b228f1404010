"""The front door to lanes: what an operator may do to the queue in front of a way out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from .counters import locked_lanes, save_lanes
from .models import Breaker


def close_breakers(lanes: Sequence[int], *, now: datetime) -> int:
    """Have these lanes (ids) send again at once, as if nothing had failed; how many did not. A receiver that still
    fails opens its breaker again."""
    with transaction.atomic():
        held = [lane for lane in locked_lanes(lanes) if lane.breaker != Breaker.CLOSED or lane.open_at]
        for lane in held:
            lane.forgive(now)
        if held:
            save_lanes(held, now=now)
    return len(held)
