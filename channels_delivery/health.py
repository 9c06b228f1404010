"""Turning off a channel on which nothing but failures came back for days: nobody there will notice that we stop, and
whoever owns the channel should.

What was sent and failed strikes the channel, at most once in twelve hours. Any answer that is not the way's own
failure wipes its slate. Ten strikes over five days turn it off.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce

from .models import Channel
from .outcome import Accepted, Delivered, Ending, Permanent, Temporary

STRIKES, APART, FOR = 10, timedelta(hours=12), timedelta(days=5)

_OF_THE_WAY = {"auth", "config", "network", "provider", "rate_limited", "timeout"}


def ill(outcome: Ending) -> bool:
    """The way out itself failed."""
    return isinstance(outcome, Temporary | Permanent) and outcome.code in _OF_THE_WAY


def well(outcome: Ending) -> bool:
    """There is somebody: they took it, or refused this one message or address."""
    return isinstance(outcome, Delivered | Accepted) or (
        isinstance(outcome, Permanent) and outcome.code not in _OF_THE_WAY
    )


def learn(*, failed: Collection[int], answered: Collection[int], now: datetime) -> dict[int, str]:
    """What a batch of results says of its channels: those of which it has nothing but failures, and those that were
    failing and `answered`. Returns the channels that this turned off, with the reason. Belongs into the transaction
    that settles the batch; a channel whose row somebody else holds is passed over, the next result will tell it."""
    channels = Channel.objects.across_tenants()
    if answered and (better := _lock(Q(pk__in=answered, failing_since__isnull=False))):
        channels.filter(pk__in=better).update(failing_since=None, strikes=0, struck_at=None)
    if not failed:
        return {}
    rested = Q(struck_at__isnull=True) | Q(struck_at__lte=now - APART)
    struck = _lock(rested & Q(pk__in=failed, paused_at__isnull=True))
    if not struck:
        return {}
    mine = channels.filter(pk__in=struck)
    mine.update(failing_since=Coalesce("failing_since", Value(now)), strikes=F("strikes") + 1, struck_at=now)
    hopeless = mine.filter(strikes__gte=STRIKES, failing_since__lte=now - FOR)
    return dict.fromkeys(turn_off(list(hopeless.values_list("pk", flat=True)), because="failing", now=now), "failing")


def turn_off(ids: Collection[int], *, because: str, now: datetime) -> list[int]:
    """Pause these channels, locked in the order of their ids; those that were not paused before."""
    mine = Channel.objects.across_tenants().filter(pk__in=ids, paused_at__isnull=True)
    on = list(mine.order_by("pk").select_for_update(no_key=True, of=("self",)).values_list("pk", flat=True))
    if on:
        mine.filter(pk__in=on).update(paused_at=now, paused_because=because)
    return on


def _lock(where: Q) -> list[int]:
    """The ids of these channels, their rows locked, without those that somebody else holds."""
    chosen = Channel.objects.across_tenants().filter(where).order_by("pk")
    locked = chosen.select_for_update(skip_locked=True, no_key=True, of=("self",))
    return list(locked.values_list("pk", flat=True))
