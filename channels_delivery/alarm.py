"""Who is told that a channel was turned off by what came back: in the transaction that turns it off, so that nobody
hears of what did not happen, and nothing that happened goes untold.

An app above installs itself here. What it raises undoes its own work and is logged; results are settled all the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from django.db import transaction

from .models import Channel

logger = logging.getLogger(__name__)

Told = Callable[[Sequence[Channel]], None]

_installed: list[Told] = []


def install(told: Told) -> None:
    """Have `told` called with channels that were just turned off, of several tenants perhaps, without their secrets."""
    _installed[:] = [told]


def raise_alarm(turned_off: Mapping[int, str], *, now: datetime) -> None:
    """Tell of these. `now` is when they were turned off: each is told of once, as only what was on is turned off."""
    if not turned_off or not _installed:
        return
    mine = Channel.objects.across_tenants().filter(pk__in=turned_off, paused_at=now)
    found = list(mine.defer("secrets").select_related("tenant").order_by("pk"))
    try:
        with transaction.atomic():
            for told in _installed:
                told(found)
    except Exception:
        logger.exception("channel.alarm_failed channels=%d", len(found))
