"""Failover: what one of a tenant's ways to people cannot send, the next of the same kind takes.

In the order of `Channel.position`. It is for what says that a way does not work: it is refused (`auth`), set up wrongly
or paused (`config`), or its breaker is open. Never for a message or an address that was refused. It is the same row
that moves, with its id and its tries, so nothing is sent twice. Teams and the site's own way have no next.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from .backends import backends
from .models import Channel, Delivery, Lane, State
from .outcome import Ending, Permanent, Temporary
from .parcel import Parcel
from .routes import lane_key
from .waking import wake
from .way import Way

CODES = {"auth", "config"}
BATCH = 1_000

WAITS = "failover"
"""The reason why what has moved waits."""


@dataclass(frozen=True)
class Move:
    """From the lane that it waited in, to another channel."""

    lane: int
    channel: int


def of_results(results: Iterable[tuple[Parcel, Ending]], *, now: datetime) -> dict[int, Move]:
    """Which of these deliveries go on to which channel. One query, if any failed in a way that another may not."""
    failed = [parcel for parcel, outcome in results if _may_move(parcel, outcome, now)]
    if not failed:
        return {}
    after = _next({(parcel.tenant_id, parcel.kind) for parcel in failed})
    return {
        parcel.id: Move(parcel.lane_id, after[parcel.channel_id]) for parcel in failed if parcel.channel_id in after
    }


def carry_out(moves: Mapping[int, Move], *, now: datetime) -> int:
    """Move these deliveries, as far as they wait; how many did. Belongs into the caller's transaction. Statements grow
    with the number of lanes."""
    if not moves:
        return 0
    by_move = defaultdict[Move, list[int]](list)
    for delivery, move in moves.items():
        by_move[move].append(delivery)
    lanes = _lanes_for(by_move)
    count = 0
    for move, ids in sorted(by_move.items(), key=lambda one: (one[0].lane, one[0].channel)):
        if move not in lanes:
            continue
        lane, way = lanes[move]
        waiting = Delivery.objects.across_tenants().filter(pk__in=ids, state=State.PENDING)
        count += waiting.update(channel=move.channel, lane=lane, due_at=now, wait_reason=WAITS)
        wake(lane, due=now, way=way)
    return count


def sweep(*, now: datetime, most: int = BATCH) -> int:
    """Move on what waits for people in front of breakers that are open; how many moved. A thousand at a time."""
    lanes = Lane.objects.across_tenants().exclude(breaker="closed").filter(open_at__gt=now)
    ill = {lane.pk: lane for lane in lanes.only("pk", "tenant", "key")}
    of_channel = {pk: channel for pk, lane in ill.items() if (channel := _channel_of(lane.key)) is not None}
    if not of_channel:
        return 0
    kinds = {(ill[pk].tenant_id, ill[pk].key.partition(":")[0]) for pk in of_channel}
    after = _next(kinds, down=set(of_channel.values()))
    to = {pk: Move(pk, after[channel]) for pk, channel in of_channel.items() if channel in after}
    if not to:
        return 0
    with transaction.atomic():
        mine = Delivery.objects.across_tenants().filter(lane__in=to, state=State.PENDING, finished_at__isnull=True)
        mine = mine.filter(Q(due_at__lte=now) | Q(wait_reason="retry"))  # the rest is not to leave yet
        held = mine.filter(recipient__isnull=False).order_by("pk").select_for_update(skip_locked=True, of=("self",))
        return carry_out({pk: to[lane] for pk, lane in held.values_list("pk", "lane")[:most]}, now=now)


def _may_move(parcel: Parcel, outcome: Ending, now: datetime) -> bool:
    if parcel.channel_id is None or parcel.recipient_id is None:
        return False
    if parcel.expires_at is not None and parcel.expires_at <= now:
        return False
    return isinstance(outcome, Temporary | Permanent) and (
        outcome.code in CODES or (isinstance(outcome, Permanent) and outcome.disable)
    )


def _next(kinds: Collection[tuple[int, str]], *, down: Collection[int] = ()) -> dict[int, int]:
    """For each channel of these tenants and kinds the next way to people that is neither paused nor `down`."""
    wanted = Q(pk__in=())
    for tenant, kind in sorted(kinds):
        wanted |= Q(tenant=tenant, kind=kind)
    rows = Channel.objects.across_tenants().filter(wanted).order_by("tenant", "kind", "-position", "-pk")
    found: dict[int, int] = {}
    last: dict[tuple[int, str], int] = {}
    for pk, tenant, kind, settings, paused in rows.values_list("pk", "tenant", "kind", "settings", "paused_at"):
        if (tenant, kind) in last:
            found[pk] = last[tenant, kind]
        backend = backends().get(kind)
        if paused is None and pk not in down and backend is not None and backend.serves_people(settings):
            last[tenant, kind] = pk
    return found


def _lanes_for(moves: Collection[Move]) -> dict[Move, tuple[int, Way]]:
    """The lane that each leads to, as urgent as the one it comes from; made where it is missing."""
    from_ = Lane.objects.across_tenants().in_bulk({move.lane for move in moves})
    to = Channel.objects.across_tenants().defer("secrets").in_bulk({move.channel for move in moves})
    ways = {
        move: _way(to[move.channel], from_[move.lane]) for move in moves if move.channel in to and move.lane in from_
    }
    keys = {(from_[move.lane].tenant_id, way.key, way.urgency): way for move, way in ways.items()}
    Lane.objects.bulk_create(
        [
            Lane(tenant_id=key[0], key=key[1], urgency=key[2], cap=way.cap)
            for key, way in sorted(keys.items(), key=_first)
        ],
        ignore_conflicts=True,
    )
    lanes = _found(keys)
    return {move: (lanes[from_[move.lane].tenant_id, way.key, way.urgency], way) for move, way in ways.items()}


def _found(keys: Collection[tuple[int, str, int]]) -> dict[tuple[int, str, int], int]:
    known = Lane.objects.across_tenants().filter(tenant__in={key[0] for key in keys}, key__in={key[1] for key in keys})
    return {
        (tenant, key, urgency): pk for pk, tenant, key, urgency in known.values_list("pk", "tenant", "key", "urgency")
    }


def _first(pair: tuple[tuple[int, str, int], Way]) -> tuple[int, str, int]:
    return pair[0]


def _way(channel: Channel, lane: Lane) -> Way:
    backend = backends()[channel.kind]
    return Way(lane_key(channel.kind, channel.pk), urgency=lane.urgency, cap=backend.cap, rate=backend.rate)


def _channel_of(key: str) -> int | None:
    """The channel that a lane stands in front of."""
    kind, _, channel = key.partition(":")
    return int(channel) if kind in backends() and channel.isascii() and channel.isdigit() else None
