"""The front door: put messages into the outbox, take them out again, send them once more.

Everything here happens in the caller's transaction. What commits is sent; what rolls back never was.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Case, F, Q, Value, When

from notifications.kernel import doorbell, rowset
from notifications.kernel.tokens import uuid7
from notifications.live import watching
from notifications.targets import check, lines

from .backends import backends
from .models import Channel, Delivery, Lane, Message, State
from .waking import BELL, QUEUE, wake
from .way import Way

__all__ = ["Address", "Letter", "Way", "cancel", "cancel_one", "enqueue_many", "replay", "take_back"]

OPEN = (State.PENDING, State.SENDING)
ENDED_BADLY = (State.DEAD, State.FAILED, State.EXPIRED, State.CANCELLED)
LIFE_MIN = timedelta(minutes=1)
"""A replay lives at least this long."""


@dataclass(frozen=True)
class Address:
    """One receiver of a letter. `slots` are what the backend fills in for this one (an unsubscribe link, say). `lane`:
    the key of its own lane, if it does not wait in that of the letter."""

    address: str
    recipient: int | None = None
    slots: Mapping[str, Any] = field(default_factory=dict)
    lane: str = ""


@dataclass(frozen=True)
class Letter:
    """One message and everybody it goes to, by one way. `origin` and `origin_step` are opaque; the same address never
    gets the same origin and step twice. `about` are the objects that it speaks of, as `notifications.targets` spells
    them; raises ValueError where one is none."""

    tenant_id: int
    kind: str
    notice_key: str
    parts: Mapping[str, Any]
    to: Sequence[Address]
    way: Way
    channel: int | None = None
    attachments: Sequence[Mapping[str, str]] = ()
    origin: UUID | None = None
    origin_step: str = ""
    about: Sequence[str] = ()
    due_at: datetime | None = None
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        check(self.about)


def enqueue_many(letters: Sequence[Letter], *, now: datetime, using: str = "default") -> int:
    """Write these letters, a delivery for each address; how many deliveries are new. Statements do not grow with
    their number. After the commit their lanes are woken and a doorbell rings. Raises LookupError for an unknown kind,
    and for a channel that is not the tenant's."""
    wanted = [letter for letter in letters if letter.to]
    if not wanted:
        return 0
    _check_kinds(wanted)
    connection = connections[using]
    with transaction.atomic(using=using):
        _check_channels(wanted, using)
        lanes = _lanes(connection, wanted)
        messages = _insert_messages(connection, wanted, now)
        count = _insert(connection, wanted, messages, lanes, now)
        for key, letter in _soonest(wanted, now).items():
            wake(lanes[key], due=letter.due_at or now, way=letter.way, using=using)
        doorbell.ring(BELL, queue=QUEUE, using=using)
    return count


def cancel(
    *, origin: UUID, now: datetime, recipients: Sequence[int] | None = None, using: str = "default"
) -> tuple[int, int]:
    """Take back what `origin` put here: (cancelled, too late). Nothing new starts once this is committed.

    One statement for those that wait and those that are under way: in two, a delivery that starts between them would
    be seen by neither.
    """
    mine = Delivery.objects.using(using).across_tenants().filter(origin=origin, state__in=OPEN)
    if recipients is not None:
        mine = mine.filter(recipient__in=recipients)
    connection = connections[using]
    with transaction.atomic(using=using):
        late = Q(state=State.SENDING)
        if connection.vendor != "postgresql":
            too_late = mine.filter(late).count()
            count = mine.update(**_taken_back(now))
            return count - too_late, too_late
        table = f'"{Delivery._meta.db_table}"'
        chosen, parameters = "", list[Any]()
        if recipients is not None:
            chosen, parameters = rowset.any_of(connection, "recipient_id", recipients)
            chosen = f" AND {chosen}"
        open_ones = f"origin = %s AND state IN ('pending', 'sending'){chosen}"
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {table} SET revoked = true,"
                " state = CASE WHEN state = 'pending' THEN 'cancelled' ELSE state END, wait_reason = '',"
                " finished_at = CASE WHEN state = 'pending' THEN %s ELSE finished_at END"
                f" WHERE id = ANY(ARRAY(SELECT id FROM {table} WHERE {open_ones} ORDER BY id FOR UPDATE))"
                " AND state IN ('pending', 'sending') RETURNING state",
                [now, str(origin), *parameters],
            )
            states = [row[0] for row in cursor.fetchall()]
    return states.count("cancelled"), states.count("sending")


def take_back(
    origins: Collection[UUID], *, now: datetime, recipients: Collection[int] | None = None, using: str = "default"
) -> list[tuple[UUID, int]]:
    """Take back what has not started of what these put here; of what, as (origin, recipient). What is under way goes
    on: whoever asks has something else to be sent in its place, and must know that this one is not. One statement."""
    connection = connections[using]
    named = sorted(rowset.uuid_text(connection, origin) for origin in origins)
    chosen, parameters = rowset.any_of(connection, "origin", named, kind="uuid")
    if recipients is not None:
        theirs, values = rowset.any_of(connection, "recipient_id", sorted(recipients))
        chosen, parameters = f"{chosen} AND {theirs}", [*parameters, *values]
    table = f'"{Delivery._meta.db_table}"'
    waiting = f"SELECT id FROM {table} WHERE {chosen} AND state = 'pending'"
    mine = f"= ANY(ARRAY({waiting} ORDER BY id FOR UPDATE))" if connection.vendor == "postgresql" else f"IN ({waiting})"
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET state = 'cancelled', revoked = true, wait_reason = '', finished_at = %s"
            f" WHERE id {mine} AND state = 'pending' RETURNING origin, recipient_id",
            [connection.ops.adapt_datetimefield_value(now), *parameters],
        )
        return [(rowset.uuid_of(origin), recipient) for origin, recipient in cursor.fetchall()]


def cancel_one(delivery: Delivery, *, now: datetime) -> bool:
    """Take one back. True when it had not started."""
    mine = Delivery.objects.filter(tenant=delivery.tenant_id, pk=delivery.pk, state__in=OPEN)
    mine.update(**_taken_back(now))
    watching.changed([delivery.origin])
    delivery.refresh_from_db(fields=["state", "revoked"])
    return delivery.state == State.CANCELLED


def replay(deliveries: Sequence[Delivery], *, now: datetime, using: str = "default") -> list[Delivery]:
    """Send these once more, as new deliveries with the same stable id; those that are not dead, failed, expired or
    cancelled, that were replayed before, or whose words are not kept any more, are left out. Each gets as long a time
    to live as it had at first."""
    chosen = {one.pk: one for one in deliveries}
    with transaction.atomic(using=using):
        all_of_them = Delivery.objects.using(using).across_tenants()
        # Their words are held, so that they are not taken out meanwhile.
        words = Message.objects.using(using).across_tenants().filter(pk__in={one.message_id for one in deliveries})
        list(words.order_by("pk").select_for_update(of=("self",), no_key=True).values_list("pk"))
        # Their rows are held, so that of two replays at once the second sees what the first made.
        whole = all_of_them.filter(pk__in=chosen, state__in=ENDED_BADLY, message__emptied_at__isnull=True)
        held = whole.order_by("pk").select_for_update(of=("self",))
        ended = list(held)
        done = set(all_of_them.filter(replay_of__in=[one.pk for one in ended]).values_list("replay_of_id", flat=True))
        fresh = Delivery.objects.using(using).bulk_create(_again(one, now) for one in ended if one.pk not in done)
        for lane in {one.lane_id for one in fresh}:
            wake(lane, due=now, using=using)
        doorbell.ring(BELL, queue=QUEUE, using=using)
    return fresh


def _again(old: Delivery, now: datetime) -> Delivery:
    return Delivery(
        tenant_id=old.tenant_id,
        stable_id=old.stable_id,
        message_id=old.message_id,
        lane_id=old.lane_id,
        channel_id=old.channel_id,
        recipient_id=old.recipient_id,
        kind=old.kind,
        address=old.address,
        slots=old.slots,
        origin=old.origin,
        origin_step=old.origin_step,
        replay_of=old,
        due_at=now,
        expires_at=None if old.expires_at is None else now + max(old.expires_at - old.decided_at, LIFE_MIN),
        decided_at=now,
        created_at=now,
    )


def _taken_back(now: datetime) -> dict[str, Any]:
    """What a cancel writes, in one statement, to what waits and to what is under way."""
    waiting = When(state=State.PENDING, then=Value(State.CANCELLED.value))
    ended = When(state=State.PENDING, then=Value(now))
    return {
        "state": Case(waiting, default=F("state")),
        "finished_at": Case(ended, default=F("finished_at")),
        "revoked": True,
        "wait_reason": "",
    }


def _check_kinds(letters: Sequence[Letter]) -> None:
    if unknown := {letter.kind for letter in letters} - set(backends()):
        raise LookupError(f"No backend sends {', '.join(sorted(unknown))}. Known: {', '.join(sorted(backends()))}.")


def _check_channels(letters: Sequence[Letter], using: str) -> None:
    """A channel belongs to its tenant: its secrets sign for nobody else."""
    wanted = {(letter.channel, letter.tenant_id) for letter in letters if letter.channel is not None}
    if not wanted:
        return
    named = Channel.objects.using(using).across_tenants().filter(pk__in={channel for channel, _ in wanted})
    if foreign := wanted - set(named.values_list("pk", "tenant_id")):
        listed = ", ".join(str(channel) for channel, _ in sorted(foreign))
        raise LookupError(f"The tenant has no channel {listed}.")


def _lane_key(letter: Letter, lane: str) -> tuple[int, str, int]:
    return letter.tenant_id, lane or letter.way.key, letter.way.urgency


def _lane_keys(letter: Letter) -> set[tuple[int, str, int]]:
    """Of a letter with receivers."""
    return {_lane_key(letter, lane) for lane in {to.lane for to in letter.to}}


def _once_key(letter: Letter, to: Address) -> tuple[str, str, int, str]:
    """By what the unique index tells rows apart; rows without an origin keep the order in which they are given."""
    return (str(letter.origin), letter.origin_step, to.recipient or 0, to.address) if letter.origin else ("", "", 0, "")


def _lanes(connection: BaseDatabaseWrapper, letters: Sequence[Letter]) -> dict[tuple[int, str, int], int]:
    """The lanes of these letters by key, made where they are missing. None is locked: the caller's transaction may take
    long, and whoever settles needs the lane."""
    ways = {key: letter.way for letter in letters for key in _lane_keys(letter)}
    lanes = Lane.objects.using(connection.alias)
    known = lanes.across_tenants().filter(tenant__in={key[0] for key in ways}, key__in={key[1] for key in ways})
    found = {(lane.tenant_id, lane.key, lane.urgency): lane.pk for lane in known.only("tenant", "key", "urgency")}
    if missing := sorted(set(ways) - set(found)):
        lanes.bulk_create(
            [
                Lane(tenant_id=tenant, key=key, urgency=urgency, cap=ways[tenant, key, urgency].cap)
                for tenant, key, urgency in missing
            ],
            ignore_conflicts=True,
        )
        found = {(lane.tenant_id, lane.key, lane.urgency): lane.pk for lane in known.only("tenant", "key", "urgency")}
    return found


def _soonest(letters: Sequence[Letter], now: datetime) -> dict[tuple[int, str, int], Letter]:
    """The letter of each lane that is due first."""
    found: dict[tuple[int, str, int], Letter] = {}
    for letter in letters:
        for key in _lane_keys(letter):
            first = found.setdefault(key, letter)
            if (letter.due_at or now) < (first.due_at or now):
                found[key] = letter
    return found


def _insert_messages(connection: BaseDatabaseWrapper, letters: Sequence[Letter], now: datetime) -> list[int]:
    """A message a letter; their ids, in order: numbers are given in the order in which rows are read."""
    columns: dict[str, rowset.Column] = {
        "tenant_id": ("bigint", [letter.tenant_id for letter in letters]),
        "kind": ("text", [letter.kind for letter in letters]),
        "notice_key": ("text", [letter.notice_key for letter in letters]),
        "parts": ("jsonb", [json.dumps(dict(letter.parts)) for letter in letters]),
        "attachments": ("jsonb", [json.dumps([dict(one) for one in letter.attachments]) for letter in letters]),
        "about": ("text", [lines(letter.about) for letter in letters]),
    }
    source, parameters = rowset.table(connection, "t", columns)
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{Message._meta.db_table}" ({names}, created_at) SELECT {names}, %s FROM {source}'
            " WHERE true RETURNING id",
            [connection.ops.adapt_datetimefield_value(now), *parameters],
        )
        return sorted(row[0] for row in cursor.fetchall())


def _insert(
    connection: BaseDatabaseWrapper,
    letters: Sequence[Letter],
    messages: Sequence[int],
    lanes: Mapping[tuple[int, str, int], int],
    now: datetime,
) -> int:
    """One row an address; an address that this origin and step reached before is passed over."""
    rows = [(letter, message, to) for letter, message in zip(letters, messages, strict=True) for to in letter.to]
    rows.sort(key=lambda row: _once_key(row[0], row[2]))  # two who insert the same at once wait one for the other
    at = connection.ops.adapt_datetimefield_value
    columns: dict[str, rowset.Column] = {
        "tenant_id": ("bigint", [letter.tenant_id for letter, _, _ in rows]),
        "public_id": ("uuid", [rowset.uuid_text(connection, uuid7()) for _ in rows]),
        "stable_id": ("uuid", [rowset.uuid_text(connection, uuid7()) for _ in rows]),
        "message_id": ("bigint", [message for _, message, _ in rows]),
        "lane_id": ("bigint", [lanes[_lane_key(letter, to.lane)] for letter, _, to in rows]),
        "channel_id": ("bigint", [letter.channel for letter, _, _ in rows]),
        "recipient_id": ("bigint", [to.recipient for _, _, to in rows]),
        "kind": ("text", [letter.kind for letter, _, _ in rows]),
        "address": ("text", [to.address for _, _, to in rows]),
        "slots": ("jsonb", [json.dumps(dict(to.slots)) for _, _, to in rows]),
        "origin": ("uuid", [letter.origin and rowset.uuid_text(connection, letter.origin) for letter, _, _ in rows]),
        "origin_step": ("text", [letter.origin_step for letter, _, _ in rows]),
        "due_at": ("timestamptz", [str(at(letter.due_at or now)) for letter, _, _ in rows]),
        "expires_at": ("timestamptz", [letter.expires_at and str(at(letter.expires_at)) for letter, _, _ in rows]),
    }
    source, parameters = rowset.table(connection, "t", columns)
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{Delivery._meta.db_table}"'
            f" ({names}, state, wait_reason, decided_at, created_at, attempt, lost, revoked, code)"
            f" SELECT {names}, 'pending', '', %s, %s, 0, 0, false, '' FROM {source} WHERE true ON CONFLICT DO NOTHING",
            [at(now), at(now), *parameters],
        )
        return int(cursor.rowcount)
