"""The public signal of the outbox: deliveries came to their end.

    @receiver(delivery_settled)
    def look(sender, deliveries, turned_off, **_): ...

`deliveries` are rows in a terminal state, a batch at a time, possibly of several tenants; `turned_off` maps the ids of
channels that were paused by what came back to the reason: `gone`, `refused` (our key) or `failing`. It is sent after
the commit, in the thread that settled them, so a receiver should be quick; what it raises is logged and goes no
further. It is a hint: a process that dies between the commit and the call sends none. The rows are the truth.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from django.db import transaction
from django.dispatch import Signal

from .models import OPEN, Delivery

logger = logging.getLogger(__name__)

delivery_settled = Signal()


def announce(ids: Sequence[int], *, turned_off: Mapping[int, str] | None = None) -> None:
    """After the commit, tell whoever listens of those of these that have ended. Costs nothing when nobody does."""
    if delivery_settled.has_listeners(Delivery) and (ids or turned_off):
        transaction.on_commit(lambda: _tell(ids, turned_off or {}), robust=True)


def _tell(ids: Sequence[int], turned_off: Mapping[int, str]) -> None:
    ended = list(Delivery.objects.across_tenants().filter(pk__in=ids).exclude(state__in=OPEN).order_by("pk"))
    if ended or turned_off:
        answers = delivery_settled.send_robust(sender=Delivery, deliveries=ended, turned_off=dict(turned_off))
        for receiver, error in answers:
            if isinstance(error, Exception):
                logger.error("signal.receiver_failed receiver=%s", receiver, exc_info=error)
