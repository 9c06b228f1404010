"""Closing digests: windows that are due become pairs of a chunk, whose cohort stands behind the step that collected.

A digest belongs to none of the runs whose events it holds: any of them may be cancelled, and the others' events must
still arrive. So those that close together are carried by a run of their own, which is followed, cancelled and finished
like any other. Nobody is in one run twice: who gets several digests at once gets them from as many runs.
"""

from __future__ import annotations

import logging
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection, transaction

from notifications.kernel import rowset
from notifications.kernel.tokens import uuid7

from .claim import Held
from .conf import CHUNK
from .definition import load
from .digests import Events, events_in, facts_of, shown_at
from .models import HOUSE, Chunk, Cohort, Run, Status, Window
from .payload import BYTES_MAX
from .people import People
from .scene import Work, work_of
from .turns import NOT_CLOSED, due_tenants, in_turn_after

logger = logging.getLogger(__name__)

PUT_OFF = timedelta(seconds=10)
"""After a failure."""

PAYLOADS_MAX = 2 * 1024 * 1024
"""Bytes of payload that a chunk of digests shows: a worker holds them all at once."""


class Due(NamedTuple):
    """What is needed of a window to close it. A thousand of these cost a tenth of a thousand models."""

    pk: int
    recipient: int
    n: int


class Place(NamedTuple):
    """Whose windows they are, and at which step of what."""

    tenant: int
    definition: str
    step: str


@dataclass(frozen=True)
class Closed:
    """Windows that were closed, and whose they were. Those that go on are in hand at once: `held` is their cohort,
    already claimed, and `work` what its first step works on."""

    tenant: int
    held: Held | None = None
    work: Work | None = None


def close_due(
    *, now: datetime, after_tenant: int = 0, tenant: int | None = None, lease: timedelta | None = None
) -> Closed | None:
    """Close the next windows that are due, up to 1,000 of one tenant and step, and send them on. Whose they were, so
    that the caller can go round; None when none is due that nobody else holds. `tenant`: nobody else's. With a `lease`,
    what goes on is in hand; without one it is due for anybody."""
    table = Window._meta.db_table
    tenants = [tenant] if tenant is not None else due_tenants(table, "closes_at", now=now, condition=NOT_CLOSED)
    return close_next(in_turn_after(tenants, after_tenant), now=now, lease=lease)


def close_next(tenants: Iterable[int], *, now: datetime, lease: timedelta | None = None) -> Closed | None:
    """The same of the first of these tenants who has one that nobody else holds."""
    for one in tenants:
        try:
            with transaction.atomic():
                rowset.lightly(connection)  # what is lost with the database is due again
                if claimed := _claim(one, now):
                    return _close(*claimed, now, lease)
        except Exception:  # one that cannot be closed, or not yet, keeps nobody else's open
            if not connection.is_usable():
                raise
            logger.exception("engine.close_failed tenant=%s", one)
            first = Window.objects.filter(tenant=one, closed=False, closes_at__lte=now).order_by("closes_at")
            for window in first.values("definition_id", "step")[:1]:
                due = Window.objects.filter(tenant=one, closed=False, closes_at__lte=now, **window)
                due.update(closes_at=now + PUT_OFF)
            return Closed(one)
    return None


def _claim(tenant: int, now: datetime) -> tuple[Place, list[Due]] | None:
    """Due windows of this tenant that nobody else holds, locked: the longest due one, and others of its definition and
    step, by person. Whatever else is locked with them is free again at once."""
    locking = "FOR UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    with rowset.in_order_of_index(connection), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, recipient_id, n, scope, definition_id, step FROM {Window._meta.db_table}"
            f" WHERE tenant_id = %s AND NOT closed AND closes_at <= %s ORDER BY closes_at LIMIT {CHUNK} {locking}",
            [tenant, connection.ops.adapt_datetimefield_value(now)],
        )
        rows = cursor.fetchall()
    if not rows:
        return None
    first = rows[0][4:]
    mine = sorted((row for row in rows if row[4:] == first), key=lambda row: (row[1], row[3]))
    return Place(tenant, *first), [Due(*row[:3]) for row in mine]


def _close(place: Place, windows: Sequence[Due], now: datetime, lease: timedelta | None) -> Closed:
    """Close these. One without events is gone without a word; and behind some, nothing stands."""
    if empty := [window.pk for window in windows if not window.n]:
        Window.objects.filter(tenant=place.tenant, pk__in=empty).delete()
    body = load(place.definition)
    further = body.after(place.step)
    filled, events = _that_fit([window for window in windows if window.n], most=shown_at(body, place.step))
    if not filled:
        return Closed(place.tenant)
    if further is None:
        _mark_closed(filled, [None] * len(filled))
        return Closed(place.tenant)
    cohort, carriers = _send_on(place, filled, workflow=body.key, further=further, now=now, lease=lease)
    logger.info("digest.closed chunk=%s windows=%s runs=%s", cohort.chunk_id, len(filled), len(carriers))
    if cohort.lease_token is None:
        return Closed(place.tenant)
    collected = {window.pk: (window.n, events.get(window.pk, [])) for window in filled}
    facts = facts_of(cohort.chunk, cohort.people, collected)
    held = Held(cohort.pk, cohort.lease_token, cohort.tries, place.tenant)
    return Closed(place.tenant, held, work_of(cohort, facts, now=now))


def _send_on(
    place: Place, windows: Sequence[Due], *, workflow: str, further: str, now: datetime, lease: timedelta | None
) -> tuple[Cohort, list[Run]]:
    """Make these the pairs of a chunk whose cohort stands behind the digest, in as many runs as anybody has windows.
    The cohort, and those runs."""
    people = [window.recipient for window in windows]
    turns = _turns(people)
    told = Counter(turn for turn, person in zip(turns, people, strict=True) if person != HOUSE)
    carriers = Run.objects.bulk_create(_carrier(place, workflow, told[n], now) for n in range(max(turns) + 1))
    shared = len(carriers) > 1
    chunk = Chunk.objects.create(
        tenant_id=place.tenant,
        definition_id=place.definition,
        run=None if shared else carriers[0],
        runs=[carriers[turn].pk for turn in turns] if shared else None,
        first_id=next((person for person in people if person != HOUSE), HOUSE),
        last_id=people[-1],
        people=people,
        windows=[window.pk for window in windows],
        created_at=now,
    )
    if shared:
        Run.objects.filter(tenant=place.tenant, pk__in=[run.pk for run in carriers]).update(chunk=chunk)
    _mark_closed(windows, [carriers[turn].pk for turn in turns])
    cohort = Cohort.objects.create(
        tenant_id=place.tenant,
        chunk=chunk,
        step=further,
        mask=People.everyone(len(windows)).dump(),
        wake_at=now + (lease or timedelta()),
        lease_token=None if lease is None else uuid.uuid4(),
        tries=0 if lease is None else 1,
    )
    return cohort, carriers


def _that_fit(windows: Sequence[Due], *, most: int) -> tuple[Sequence[Due], Events]:
    """As many of these as a worker can hold at once, at least one, and the events of each that its texts see; the
    others are closed next. Two queries."""
    events = events_in([window.pk for window in windows], most=most) if windows else {}
    runs = {run for some in events.values() for run in some}
    sizes = _sizes(runs) if len(runs) * BYTES_MAX > PAYLOADS_MAX else {}
    if sum(sizes.values()) <= PAYLOADS_MAX:
        return windows, events
    seen, weight = set[int](), 0
    for place, window in enumerate(windows):
        fresh = {*events.get(window.pk, ())} - seen
        seen |= fresh
        weight += sum(sizes.get(run, 0) for run in fresh)
        if place and weight > PAYLOADS_MAX:
            return windows[:place], events
    return windows, events


def _sizes(runs: Collection[int]) -> dict[int, int]:
    chosen, values = rowset.any_of(connection, "id", list(runs))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, payload_bytes FROM {Run._meta.db_table} WHERE {chosen}", values)
        return dict(cursor.fetchall())


def _turns(recipients: Sequence[int]) -> list[int]:
    """For each, how many of the same stand before it."""
    if len(set(recipients)) == len(recipients):
        return [0] * len(recipients)
    seen = Counter[int]()
    turns = []
    for recipient in recipients:
        turns.append(seen[recipient])
        seen[recipient] += 1
    return turns


def _carrier(place: Place, workflow: str, people: int, now: datetime) -> Run:
    name = uuid7()
    return Run(
        tenant_id=place.tenant,
        public_id=name,
        transaction_id=str(name),
        workflow=workflow,
        definition_id=place.definition,
        digest=place.step,
        status=Status.PROCESSING,
        people=people,
        start_at=now,
        created_at=now,
    )


def _mark_closed(windows: Sequence[Due], carriers: Sequence[int | None]) -> None:
    table = Window._meta.db_table
    columns: dict[str, rowset.Column] = {
        "id": ("bigint", [window.pk for window in windows]),
        "run": ("bigint", carriers),
    }
    source, values = rowset.table(connection, "t", columns, sought=True)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET closed = true, carrier_id = t.run FROM {source} WHERE {table}.id = t.id", values
        )
