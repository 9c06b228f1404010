"""Taking deliveries out of the outbox: a lease on each, the attempt on record, and the counters of its lane moved, in
one transaction. Only then the network.

Fair over tenants: of the lanes that are ready, each tenant's first comes before anybody's second. A lane never has
more under way than its cap, nor starts more than its rate allows, because both are read from its locked row.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from notifications.kernel import rowset

from .counters import ALIVE, FROM_A_LANE, HeldLane, ready_lanes_locked, save_lanes
from .models import Attempt, Delivery, Lane, Lease, Message
from .parcel import Parcel, columns, parcels_of

LANES_TAKEN = 64

SUSPECT = 2
"""Leases lost after which a delivery may be what kills its workers. A process has one of these under way at a time:
otherwise all that was under way beside a deadly one three times would be given up with it."""


@dataclass(frozen=True)
class Room:
    """What a process can start. `busy` says how many each tenant has under way in it: no tenant gets more than are then
    left free, so that however much of it hangs, there is room for whoever comes next. None: any tenant may have all.
    `careful`: a suspect is under way here, so no other now. `few`: others are about, so no tenant starts more than so
    many in a turn, or than one more than all others. `pausing`: tenants that start nothing this time. `suspended`:
    tenants that start nothing at all."""

    slots: int
    busy: Mapping[int, int] | None = None
    careful: bool = False
    few: int | None = None
    pausing: Collection[int] = ()
    suspended: Collection[int] = ()

    @property
    def full(self) -> Sequence[int]:
        """Tenants that get nothing."""
        busy = self.busy or {}
        return [*self.pausing, *self.suspended, *(tenant for tenant, count in busy.items() if count >= self.slots)]


@dataclass(frozen=True)
class Claimed:
    """`looked`: how many lanes were looked at. An empty claim that looked at some may be followed by a full one."""

    parcels: Sequence[Parcel]
    looked: int


NOTHING = Claimed([], 0)


def claim(
    *, slots: int, now: datetime, lease: timedelta, busy: Mapping[int, int] | None = None, careful: bool = False
) -> Claimed:
    """At most `slots` deliveries that can start now, in a transaction of its own. As many statements, whatever their
    number. `busy` and `careful` as in `Room`."""
    room = Room(slots, busy, careful)
    ready = ready_now(now, room)
    if not ready:
        return NOTHING
    held: dict[int, HeldLane] = {}
    with transaction.atomic():
        claimed = take(room, ready, held, now=now, lease=lease)
        save_lanes(held.values(), now=now)
    return claimed


@dataclass(frozen=True, order=True)
class Ready:
    """A lane that can start something; they sort as a tenant's lanes take turns."""

    urgency: int
    ready_at: datetime
    id: int
    tenant_id: int = field(compare=False)


def ready_lanes(now: datetime) -> list[int]:
    """The lanes (ids) that can start something, nothing locked, in the order in which they have their turns."""
    return [lane.id for lane in ready_now(now, Room(1))]


def ready_now(now: datetime, room: Room) -> list[Ready]:
    """The lanes that can start something, nothing locked: every tenant's first, then every tenant's second, and so on.
    The urgent ones of a tenant come before its others."""
    if room.slots < 1:
        return []
    others, left_out = "", list[Any]()
    if full := room.full:
        others, left_out = rowset.any_of(connection, "tenant_id", full)
        others = f" AND NOT ({others})"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT urgency, ready_at, id, tenant_id FROM (SELECT id, tenant_id, urgency, ready_at,"
            " row_number() OVER (PARTITION BY tenant_id ORDER BY urgency, ready_at, id) AS turn"
            f" FROM {_LANE} WHERE ready_at <= %s AND (open_at IS NULL OR open_at <= %s)"
            f" AND in_flight < cap{others}) AS ready ORDER BY turn, ready_at, id LIMIT %s",
            [*[connection.ops.adapt_datetimefield_value(now)] * 2, *left_out, LANES_TAKEN],
        )
        return [Ready(urgency, rowset.moment(when), *rest) for urgency, when, *rest in cursor.fetchall()]


def take(room: Room, ready: Sequence[Ready], held: dict[int, HeldLane], *, now: datetime, lease: timedelta) -> Claimed:
    """Put a lease on what can start of these lanes, in the caller's transaction. Lanes that are locked for it join
    `held`, to be saved by the caller; those that are in it already have their turn with the others."""
    turns, tenants = _in_turn(ready, [lane for lane in held.values() if lane.is_ready(now)], room)
    choice, looked = _Choice(room), list[HeldLane]()
    # A lane mostly has more than one thing due; only if these have not, the rest is looked at as well.
    enough = max(tenants, room.slots // FROM_A_LANE + 3)
    for portion in (turns[:enough], turns[enough:]):
        if portion and choice.seen < room.slots:
            lanes = _look(portion, held, now, most=-(-2 * room.slots // len(portion)))
            looked += lanes
            choice.add(_due([lane for lane in lanes if lane.room > 0], now), {lane.pk: lane for lane in lanes})
    for lane in looked:
        lane.start()
    return Claimed(take_these(sorted(choice.chosen), uuid.uuid4(), now, lease), len(looked))


def _in_turn(ready: Iterable[Ready], held: Iterable[HeldLane], room: Room) -> tuple[list[int], int]:
    """The ids of lanes in the order of their turns, those already in hand among them; and of how many tenants."""
    full = set(room.full)
    mine = {lane.pk: lane for lane in held}
    known = [lane for lane in ready if lane.id not in mine]
    known += [
        Ready(lane.urgency, lane.ready_at, lane.pk, lane.tenant_id)
        for lane in mine.values()
        if lane.ready_at is not None and lane.tenant_id not in full
    ]
    turn, ordered = Counter[int](), []
    for lane in sorted(known):
        ordered.append((turn[lane.tenant_id], lane.ready_at, lane.id))
        turn[lane.tenant_id] += 1
    return [lane for *_, lane in sorted(ordered)[:LANES_TAKEN]], len(turn)


def _look(ids: Sequence[int], held: dict[int, HeldLane], now: datetime, *, most: int) -> list[HeldLane]:
    """These lanes in hand, and how much each may start, `most` at most. Those that others hold are left out."""
    if missing := [lane for lane in ids if lane not in held]:
        held |= {lane.pk: lane for lane in ready_lanes_locked(missing, now=now)}
    lanes = [held[lane] for lane in ids if lane in held]
    for lane in lanes:
        lane.look(now, most=most)
    return lanes


class _Choice:
    """Which of the due deliveries start: each tenant's first, then each one's second, as far as there are slots."""

    def __init__(self, room: Room) -> None:
        self.chosen: list[int] = []
        self.seen = 0
        self._room, self._careful = room, room.careful
        self._under_way, self._started = Counter(room.busy), Counter[int]()

    def add(self, due: Sequence[tuple[int, int, int]], lanes: Mapping[int, HeldLane]) -> None:
        """Choose from these (lane, delivery, leases lost), which come in the order of their turns."""
        self.seen += len(due)
        in_tenant, ranked = Counter[int](), []
        for place, (lane, row, lost) in enumerate(due):
            if lost >= SUSPECT and self._careful:
                continue
            self._careful = self._careful or lost >= SUSPECT
            tenant = lanes[lane].tenant_id
            ranked.append((in_tenant[tenant], place, lane, row))
            in_tenant[tenant] += 1
            lanes[lane].offered += 1
        for _, _, lane, row in sorted(ranked):
            tenant = lanes[lane].tenant_id
            free, mine = self._room.slots - len(self.chosen), self._started[tenant]
            if self._room.few is not None and mine >= max(self._room.few, len(self.chosen) - mine + 1):
                continue
            if free > (self._under_way[tenant] if self._room.busy is not None else 0):
                self.chosen.append(row)
                self._under_way[tenant] += 1
                self._started[tenant] += 1
                lanes[lane].taken += 1


def _due(lanes: Sequence[HeldLane], now: datetime) -> list[tuple[int, int, int]]:
    """(lane, delivery, leases lost) of what is due, each lane's oldest first and no more than it has room for."""
    if not lanes:
        return []
    table = _DELIVERY
    at = connection.ops.adapt_datetimefield_value(now)
    found: list[tuple[int, int, int]] = []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT l.id, d.id, d.lost FROM unnest(%s::bigint[], %s::int[]) WITH ORDINALITY AS l(id, room, place),"
                f" LATERAL (SELECT id, due_at, lost FROM {table} WHERE lane_id = l.id AND due_at <= %s AND {ALIVE}"
                " ORDER BY due_at, id LIMIT l.room FOR UPDATE SKIP LOCKED) d ORDER BY l.place, d.due_at, d.id",
                [[lane.pk for lane in lanes], [lane.room for lane in lanes], at, at],
            )
            return list(cursor.fetchall())
        for lane in lanes:  # there is one writer at a time, and that is us
            cursor.execute(
                f"SELECT lane_id, id, lost FROM {table} WHERE lane_id = %s AND due_at <= %s AND {ALIVE}"
                " ORDER BY due_at, id LIMIT %s",
                [lane.pk, at, at, lane.room],
            )
            found += cursor.fetchall()
    return found


def take_these(ids: Sequence[int], token: uuid.UUID, now: datetime, lease: timedelta) -> list[Parcel]:
    """Put a lease on these, write their attempts, and read them with their words: on PostgreSQL in one statement."""
    if not ids:
        return []
    at, named = connection.ops.adapt_datetimefield_value, rowset.uuid_text(connection, token)
    kept = f'INSERT INTO "{Lease._meta.db_table}" (token, until, deliveries) VALUES (%s, %s, %s)'
    as_lease = [named, at(now + lease), json.dumps(list(ids))]
    chosen, parameters = rowset.any_of(connection, "id", ids)
    lease_them = (
        f"UPDATE {_DELIVERY} SET state = 'sending', attempt = attempt + 1, lease_token = %s, lease_until = %s,"
        f" wait_reason = '' WHERE {chosen}"
    )
    leased = [named, at(now + lease), *parameters]
    attempts = f'INSERT INTO "{Attempt._meta.db_table}" (delivery_id, no, started_at, result, code, detail)'
    chosen_columns = columns(connection.vendor)
    words = f"SELECT {chosen_columns} FROM {{}} d JOIN {_MESSAGE} m ON m.id = d.message_id ORDER BY d.due_at, d.id"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"WITH taken AS ({lease_them} RETURNING *), kept AS ({kept}), begun AS ({attempts}"
                f" SELECT id, attempt, %s, '', '', '' FROM taken) {words.format('taken')}",
                [*leased, *as_lease, at(now)],
            )
        else:
            cursor.execute(lease_them, leased)
            cursor.execute(kept, as_lease)
            mine = f"(SELECT * FROM {_DELIVERY} WHERE lease_token = %s)"
            cursor.execute(f"{attempts} SELECT id, attempt, %s, '', '', '' FROM {mine} AS t", [at(now), named])
            cursor.execute(words.format(mine), [named])
        rows = cursor.fetchall()
    return parcels_of(rows, token)


_LANE, _DELIVERY, _MESSAGE = (f'"{model._meta.db_table}"' for model in (Lane, Delivery, Message))
