"""How a channel is: whether it is paused, whether its receiver answers, what waits, when it last worked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db.models import Count, OuterRef, QuerySet, Subquery

from .models import ENDED_WELL, MISSED, Breaker, Channel, Delivery, Lane, State
from .routes import lane_key

Word = Literal["working", "unused", "failing", "halted", "paused"]


@dataclass(frozen=True)
class Condition:
    """`word` says it in one: `paused` by somebody or by its receiver; `halted`: so many failures that nothing is tried
    before `open_at`; `failing`: the latest message that ended did not arrive; `working`; `unused`: none has ended."""

    word: Word
    breaker: str
    open_at: datetime | None
    waiting: int
    under_way: int
    last_success: datetime | None
    last_failure: datetime | None
    last_code: str


def with_latest(channels: QuerySet[Channel]) -> QuerySet[Channel]:
    """Channels, without their secrets, with when and how their latest messages ended."""
    mine = Delivery.objects.filter(tenant=OuterRef("tenant_id"), channel=OuterRef("pk")).order_by("-pk")
    well, badly = mine.filter(state__in=ENDED_WELL), mine.filter(state__in=MISSED)
    return channels.defer("secrets").annotate(
        last_success=Subquery(well.values("finished_at")[:1]),
        last_failure=Subquery(badly.values("finished_at")[:1]),
        last_code=Subquery(badly.values("code")[:1]),
    )


def conditions(channels: Sequence[Channel]) -> dict[int, Condition]:
    """The condition of each of these channels, read `with_latest`, by id. Two queries, however many they are."""
    tenants, keys = {one.tenant_id for one in channels}, {lane_key(one.kind, one.pk): one.pk for one in channels}
    lanes: dict[int, list[Lane]] = {one.pk: [] for one in channels}
    found = list(Lane.objects.filter(tenant__in=tenants, key__in=keys)) if channels else []
    for lane in found:
        lanes[keys[lane.key]].append(lane)
    waits = {"state": State.PENDING, "finished_at": None}  # the second for the index
    pending = Delivery.objects.filter(tenant__in=tenants, lane__in=[lane.pk for lane in found], **waits)
    waiting = dict(pending.values_list("lane").annotate(n=Count("pk")).order_by()) if found else {}
    return {one.pk: _condition(one, lanes[one.pk], waiting) for one in channels}


def _condition(channel: Channel, lanes: Sequence[Lane], waiting: dict[int, int]) -> Condition:
    sick = [lane for lane in lanes if lane.breaker != Breaker.CLOSED]
    success, failure = getattr(channel, "last_success", None), getattr(channel, "last_failure", None)
    return Condition(
        _word(channel, bool(sick), success, failure),
        next((str(lane.breaker) for lane in sick), Breaker.CLOSED.value),
        max((lane.open_at for lane in lanes if lane.open_at), default=None),
        sum(waiting.get(lane.pk, 0) for lane in lanes),
        sum(lane.in_flight for lane in lanes),
        success,
        failure,
        getattr(channel, "last_code", None) or "",
    )


def _word(channel: Channel, sick: bool, success: datetime | None, failure: datetime | None) -> Word:
    if channel.paused_at is not None:
        return "paused"
    if sick:
        return "halted"
    if failure is not None and (success is None or failure > success):
        return "failing"
    return "working" if success is not None else "unused"
