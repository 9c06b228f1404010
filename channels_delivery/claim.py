"""Taking deliveries out of the outbox: a lease on each, the attempt on record, and the counters of its lane moved, in
one transaction. Only then the network.

Fair over tenants: of the lanes that are ready, each tenant's first comes before anybody's second. A lane never has
more under way than its cap, nor starts more than its rate allows, because both are read from its locked row.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction

from notifications.kernel import rowset

from .models import Attempt, Delivery, Lane, Message
from .parcel import COLUMNS, Parcel, parcels_of

LANES_TAKEN, FROM_A_LANE = 64, 8

SUSPECT = 2
"""Leases lost after which a delivery may be what kills its workers. A process has one of these under way at a time:
otherwise all that was under way beside a deadly one three times would be given up with it."""

STEP_ASIDE = timedelta(seconds=0.5)
"""For how long a lane is left alone whose due rows somebody else holds, in a cancel that is not committed yet."""


@dataclass(frozen=True)
class Claimed:
    """`looked`: how many lanes were looked at. An empty claim that looked at some may be followed by a full one."""

    parcels: Sequence[Parcel]
    looked: int


@dataclass
class _Held:
    """A lane in our hands: how many it may start now, and its tokens brought up to date."""

    id: int
    tenant_id: int
    urgency: int
    room: int
    probing: bool
    rate: float | None
    tokens: float
    offered: int = 0
    taken: int = 0

    @property
    def stuck(self) -> bool:
        """There was room for more than could be had: what else is due, somebody else holds."""
        return self.taken == self.offered < self.room


def claim(
    *, slots: int, now: datetime, lease: timedelta, busy: Mapping[int, int] | None = None, careful: bool = False
) -> Claimed:
    """At most `slots` deliveries that can start now. As many statements and one commit, whatever their number.

    `busy` says how many each tenant has under way in this process: no tenant gets more than are then left free, so
    that however much of it hangs, there is room for whoever comes next. None: any tenant may have all. `careful`: a
    suspect is under way here, so no other now.
    """
    full = [tenant for tenant, count in busy.items() if count >= slots] if busy else []
    ready = ready_lanes(now, without=full) if slots > 0 else []
    if not ready:
        return Claimed([], 0)
    token = uuid.uuid4()
    with transaction.atomic():
        lanes = _hold(ready, now)
        parcels = take_these(_choose(lanes, slots, now, busy, careful), token, now, lease)
        _move_lanes(lanes, now)
    return Claimed(parcels, len(lanes))


def ready_lanes(now: datetime, *, without: Sequence[int] = ()) -> list[int]:
    """Lanes that can start something, nothing locked: every tenant's first, then every tenant's second, and so on. The
    urgent ones of a tenant come before its others. `without`: tenants to be left out."""
    others, left_out = "", list[Any]()
    if without:
        others, left_out = rowset.any_of(connection, "tenant_id", without)
        others = f" AND NOT ({others})"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM (SELECT id, urgency, ready_at,"
            " row_number() OVER (PARTITION BY tenant_id ORDER BY urgency, ready_at, id) AS turn"
            f' FROM "{Lane._meta.db_table}" WHERE ready_at <= %s AND (open_at IS NULL OR open_at <= %s)'
            f" AND in_flight < cap{others}) AS ready ORDER BY turn, urgency, ready_at, id LIMIT %s",
            [*[connection.ops.adapt_datetimefield_value(now)] * 2, *left_out, LANES_TAKEN],
        )
        return [row[0] for row in cursor.fetchall()]


def _hold(ids: Sequence[int], now: datetime) -> list[_Held]:
    """These lanes, locked, their conditions looked at again under the lock. Those that others hold are left out."""
    at = connection.ops.adapt_datetimefield_value(now)
    chosen, parameters = rowset.any_of(connection, "id", ids)
    locking = "FOR NO KEY UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(_Lane._fields)} FROM {_LANE}"
            f" WHERE {chosen} AND ready_at <= %s AND (open_at IS NULL OR open_at <= %s) AND in_flight < cap"
            f" ORDER BY id {locking}",
            [*parameters, at, at],
        )
        held = {row[0]: _held(_Lane._make(row), now) for row in cursor.fetchall()}
    return [held[lane] for lane in ids if lane in held]


class _Lane(NamedTuple):
    """What is looked at of a lane's row, by column."""

    id: int
    tenant_id: int
    urgency: int
    cap: int
    in_flight: int
    rate: float | None
    tokens: float
    refilled_at: Any
    breaker: str


def _held(lane: _Lane, now: datetime) -> _Held:
    """A lane whose breaker is not closed starts one at a time: a probe."""
    tokens, room, probing = _tokens(lane, now), min(lane.cap - lane.in_flight, FROM_A_LANE), lane.breaker != "closed"
    if probing:
        room = 1 if lane.in_flight == 0 else 0
    if lane.rate is not None:
        room = min(room, int(tokens + 1e-6))
    return _Held(lane.id, lane.tenant_id, lane.urgency, room, probing, lane.rate, tokens)


def _tokens(lane: _Lane, now: datetime) -> float:
    """A bucket of one second's worth, and of one send at least; full at first."""
    if lane.rate is None:
        return 0.0
    full = max(lane.rate, 1.0)
    since: datetime | None = rowset.moment(lane.refilled_at)
    if since is None:
        return full
    return min(full, lane.tokens + max((now - since).total_seconds(), 0.0) * lane.rate)


def _choose(
    lanes: Sequence[_Held], slots: int, now: datetime, busy: Mapping[int, int] | None, careful: bool
) -> list[int]:
    """The oldest due deliveries, as far as there are slots: every tenant's first, then every tenant's second. The
    lanes of a tenant have their turns in the same way, those of one urgency after the more urgent."""
    held = {lane.id: lane for lane in lanes}
    in_tenant = Counter[int]()
    turns = []
    for place, (lane, row, lost) in enumerate(_due([lane for lane in lanes if lane.room > 0], now)):
        if lost >= SUSPECT and careful:
            continue
        careful = careful or lost >= SUSPECT
        turns.append((held[lane].urgency, held[lane].offered, place, lane, row))
        held[lane].offered += 1
    ranked = []
    for _, _, place, lane, row in sorted(turns):
        tenant = held[lane].tenant_id
        ranked.append((in_tenant[tenant], place, lane, row))
        in_tenant[tenant] += 1
    under_way, chosen = Counter(busy), list[int]()
    for _, _, lane, row in sorted(ranked):
        tenant, free = held[lane].tenant_id, slots - len(chosen)
        if free > (under_way[tenant] if busy is not None else 0):
            chosen.append(row)
            under_way[tenant] += 1
            held[lane].taken += 1
    return sorted(chosen)


ALIVE = "state = 'pending' AND (expires_at IS NULL OR expires_at > %s)"
"""What may still be sent; takes the time. Those past their time are ended by `expire`, and never sent meanwhile."""


def _due(lanes: Sequence[_Held], now: datetime) -> list[tuple[int, int, int]]:
    """(lane, delivery, leases lost) of what is due, each lane's oldest first and no more than it has room for."""
    if not lanes:
        return []
    table = f'"{Delivery._meta.db_table}"'
    at = connection.ops.adapt_datetimefield_value(now)
    found: list[tuple[int, int, int]] = []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT l.id, d.id, d.lost FROM unnest(%s::bigint[], %s::int[]) WITH ORDINALITY AS l(id, room, place),"
                f" LATERAL (SELECT id, due_at, lost FROM {table} WHERE lane_id = l.id AND due_at <= %s AND {ALIVE}"
                " ORDER BY due_at, id LIMIT l.room FOR UPDATE SKIP LOCKED) d ORDER BY l.place, d.due_at, d.id",
                [[lane.id for lane in lanes], [lane.room for lane in lanes], at, at],
            )
            return list(cursor.fetchall())
        for lane in lanes:  # there is one writer at a time, and that is us
            cursor.execute(
                f"SELECT lane_id, id, lost FROM {table} WHERE lane_id = %s AND due_at <= %s AND {ALIVE}"
                " ORDER BY due_at, id LIMIT %s",
                [lane.id, at, at, lane.room],
            )
            found += cursor.fetchall()
    return found


def take_these(ids: Sequence[int], token: uuid.UUID, now: datetime, lease: timedelta) -> list[Parcel]:
    """Put a lease on these, write their attempts, and read them with their words: on PostgreSQL in one statement."""
    if not ids:
        return []
    at, named = connection.ops.adapt_datetimefield_value, rowset.uuid_text(connection, token)
    chosen, parameters = rowset.any_of(connection, "id", ids)
    lease_them = (
        f"UPDATE {_DELIVERY} SET state = 'sending', attempt = attempt + 1, lease_token = %s, lease_until = %s,"
        f" wait_reason = '' WHERE {chosen}"
    )
    leased = [named, at(now + lease), *parameters]
    attempts = f'INSERT INTO "{Attempt._meta.db_table}" (delivery_id, no, started_at, result, code, detail)'
    words = f"SELECT {COLUMNS} FROM {{}} d JOIN {_MESSAGE} m ON m.id = d.message_id ORDER BY d.due_at, d.id"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"WITH taken AS ({lease_them} RETURNING *), begun AS ({attempts}"
                f" SELECT id, attempt, %s, '', '', '' FROM taken) {words.format('taken')}",
                [*leased, at(now)],
            )
        else:
            cursor.execute(lease_them, leased)
            mine = f"(SELECT * FROM {_DELIVERY} WHERE lease_token = %s)"
            cursor.execute(f"{attempts} SELECT id, attempt, %s, '', '', '' FROM {mine} AS t", [at(now), named])
            cursor.execute(words.format(mine), [named])
        rows = cursor.fetchall()
    return parcels_of(rows, token)


def _move_lanes(lanes: Sequence[_Held], now: datetime) -> None:
    """Counters, and when each lane is looked at next: when its next delivery is due, as far as its rate allows.

    Parked (NULL) when nothing waits, or while it is full: then `settle` or an enqueue brings it back.
    """
    if not lanes:
        return
    at = connection.ops.adapt_datetimefield_value
    soonest = [_not_before(lane, now) for lane in lanes]
    source, parameters = rowset.table(
        connection,
        "t",
        {
            "id": ("bigint", [lane.id for lane in lanes]),
            "taken": ("int", [lane.taken for lane in lanes]),
            "tokens": ("float8", [lane.tokens - lane.taken if lane.rate is not None else 0.0 for lane in lanes]),
            "probes": ("int", [int(lane.probing and lane.taken > 0) for lane in lanes]),
            "soonest": ("timestamptz", [when and str(at(when)) for when in soonest]),
        },
    )
    table, deliveries = f'"{Lane._meta.db_table}"', f'"{Delivery._meta.db_table}"'
    upcoming = (
        f"(SELECT d.due_at FROM {deliveries} d WHERE d.lane_id = t.id AND {ALIVE} ORDER BY d.due_at, d.id LIMIT 1)"
    )
    larger = "greatest" if connection.vendor == "postgresql" else "max"
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET in_flight = {table}.in_flight + t.taken, tokens = t.tokens, refilled_at = %s,"
            f" breaker = CASE WHEN t.probes = 1 THEN 'probing' ELSE {table}.breaker END,"
            f" ready_at = CASE WHEN {table}.in_flight + t.taken >= {table}.cap"
            f" OR ({table}.breaker <> 'closed' AND {table}.in_flight + t.taken > 0) THEN NULL"
            f" ELSE (SELECT CASE WHEN n.due_at IS NOT NULL THEN {larger}(n.due_at, coalesce(t.soonest, n.due_at)) END"
            f" FROM (SELECT {upcoming} AS due_at) AS n) END"
            f" FROM {source} WHERE {table}.id = t.id",
            [at(now), at(now), *parameters],
        )


def _not_before(lane: _Held, now: datetime) -> datetime | None:
    left = lane.tokens - lane.taken
    if lane.rate is not None and left < 1 - 1e-6:
        return now + timedelta(seconds=(1 - left) / lane.rate)
    return now + STEP_ASIDE if lane.stuck else None


_LANE, _DELIVERY, _MESSAGE = (f'"{model._meta.db_table}"' for model in (Lane, Delivery, Message))
