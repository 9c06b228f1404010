"""Sending once more what a channel missed while it was broken or paused."""

from __future__ import annotations

from datetime import datetime

from . import outbox
from .models import Channel, Delivery, State

MISSED = (State.DEAD, State.FAILED, State.EXPIRED)


def replay_since(channel: Channel, *, since: datetime, now: datetime, most: int = 1_000) -> int:
    """Replay what this channel could not deliver since that moment (its `paused_at`, say, or `failing_since`), oldest
    first; how many. What was cancelled stays so. `most` are replayed by a call: call again until it answers 0. Its
    lane's cap and rate hold for them as for anything else."""
    again = Delivery.objects.filter(tenant=channel.tenant_id, replay_of__isnull=False, channel=channel.pk)
    missed = Delivery.objects.filter(
        tenant=channel.tenant_id,
        channel=channel.pk,
        state__in=MISSED,
        finished_at__gte=since,
        message__emptied_at__isnull=True,
    ).exclude(pk__in=again.values("replay_of"))
    return len(outbox.replay(list(missed.order_by("pk")[:most]), now=now))
