"""Who is told that a channel was turned off by what came back: in the transaction that turns it off, so that nobody
hears of what did not happen, and nothing that happened goes untold.

An app above installs itself here. What it raises undoes its own work and is logged; results are settled all the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from django.db import transaction

from .models import Channel, Endpoint

logger = logging.getLogger(__name__)

Told = Callable[[Sequence[Channel]], None]
OwnersTold = Callable[[Sequence[Endpoint]], None]

_installed: list[Told] = []
_for_owners: list[OwnersTold] = []


def install(told: Told) -> None:
    """Have `told` called with channels that were just turned off, of several tenants perhaps, without their secrets."""
    _installed[:] = [told]


def install_for_owners(told: OwnersTold) -> None:
    """Have `told` called with places of people's own that were just turned off, without their secrets."""
    _for_owners[:] = [told]


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


def tell_owners(turned_off: Mapping[int, str], *, now: datetime) -> None:
    """Tell the people whose places these are. `now` is when they were turned off."""
    if not turned_off or not _for_owners:
        return
    mine = Endpoint.objects.across_tenants().filter(pk__in=turned_off, disabled_at=now, verified_at__isnull=False)
    found = list(mine.defer("secrets").select_related("tenant", "recipient").order_by("pk"))
    try:
        with transaction.atomic():
            for told in _for_owners:
                told(found)
    except Exception:
        logger.exception("endpoint.alarm_failed endpoints=%d", len(found))
