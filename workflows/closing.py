"""Closing digests: windows that are due become pairs of a chunk, whose cohort stands behind the step that collected.

A digest belongs to none of the runs whose events it holds: any of them may be cancelled, and the others' events must
still arrive. So those that close together are carried by a run of their own, which is followed, cancelled and finished
like any other. Nobody is in one run twice: who gets several digests at once gets them from as many runs.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection, transaction

from notifications.kernel import rowset
from notifications.kernel.tokens import uuid7

from .conf import CHUNK
from .definition import load
from .digests import held_by, shown_at
from .models import HOUSE, Chunk, Cohort, Run, Status, Window
from .people import People
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


def close_due(*, now: datetime, after_tenant: int = 0, tenant: int | None = None) -> int | None:
    """Close the next windows that are due, up to 1,000 of one tenant and step, and send them on. The tenant whose they
    were, so that the caller can go round; None when none is due that nobody else holds. `tenant`: nobody else's."""
    table = Window._meta.db_table
    tenants = [tenant] if tenant is not None else due_tenants(table, "closes_at", now=now, condition=NOT_CLOSED)
    return close_next(in_turn_after(tenants, after_tenant), now=now)


def close_next(tenants: Iterable[int], *, now: datetime) -> int | None:
    """The same of the first of these tenants who has one that nobody else holds."""
    for one in tenants:
        try:
            with transaction.atomic():
                if claimed := _claim(one, now):
                    _close(*claimed, now)
                    return one
        except Exception:  # one that cannot be closed, or not yet, keeps nobody else's open
            if not connection.is_usable():
                raise
            logger.exception("engine.close_failed tenant=%s", one)
            first = Window.objects.filter(tenant=one, closed=False, closes_at__lte=now).order_by("closes_at")
            for window in first.values("definition_id", "step")[:1]:
                due = Window.objects.filter(tenant=one, closed=False, closes_at__lte=now, **window)
                due.update(closes_at=now + PUT_OFF)
            return one
    return None


def _claim(tenant: int, now: datetime) -> tuple[Place, list[Due]] | None:
    """Due windows of this tenant that nobody else holds, locked: the longest due one, and others of its definition and
    step, by person. Whatever else is locked with them is free again at once."""
    locking = "FOR UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    with connection.cursor() as cursor:
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


def _close(place: Place, windows: Sequence[Due], now: datetime) -> None:
    """Close these. One without events is gone without a word; and behind some, nothing stands."""
    if empty := [window.pk for window in windows if not window.n]:
        Window.objects.filter(tenant=place.tenant, pk__in=empty).delete()
    body = load(place.definition)
    further = body.after(place.step)
    filled = _that_fit([window for window in windows if window.n], most=shown_at(body, place.step))
    if filled and further is not None:
        _send_on(place, filled, workflow=body.key, further=further, now=now)
    elif filled:
        _mark_closed(filled, [None] * len(filled))


def _send_on(place: Place, windows: Sequence[Due], *, workflow: str, further: str, now: datetime) -> None:
    """Make these the pairs of a chunk whose cohort stands behind the digest, in as many runs as anybody has windows."""
    people = [window.recipient for window in windows]
    turns = _turns(people)
    told = Counter(turn for turn, person in zip(turns, people, strict=True) if person != HOUSE)
    chunk = Chunk(
        tenant_id=place.tenant,
        definition_id=place.definition,
        first_id=next((person for person in people if person != HOUSE), HOUSE),
        last_id=people[-1],
        people=people,
        windows=[window.pk for window in windows],
        created_at=now,
    )
    carriers = Run.objects.bulk_create(_carrier(place, workflow, told[n], now) for n in range(max(turns) + 1))
    chunk.runs = [carriers[turn].pk for turn in turns]
    chunk.save()
    Run.objects.filter(tenant=place.tenant, pk__in=[run.pk for run in carriers]).update(chunk=chunk)
    _mark_closed(windows, chunk.runs)
    everybody = People.everyone(len(windows)).dump()
    Cohort.objects.create(tenant_id=place.tenant, chunk=chunk, step=further, mask=everybody, wake_at=now)
    logger.info("digest.closed chunk=%s windows=%s runs=%s", chunk.pk, len(windows), len(carriers))


def _that_fit(windows: Sequence[Due], *, most: int) -> Sequence[Due]:
    """As many of these as a worker can hold at once, at least one; the others are closed next. Two queries."""
    held = held_by([window.pk for window in windows], most=most)
    sizes = _sizes({run for _, events in held.values() for run in events})
    if sum(sizes.values()) <= PAYLOADS_MAX:
        return windows
    seen, weight = set[int](), 0
    for place, window in enumerate(windows):
        _, events = held.get(window.pk, (0, []))
        fresh = set(events) - seen
        seen |= fresh
        weight += sum(sizes.get(run, 0) for run in fresh)
        if place and weight > PAYLOADS_MAX:
            return windows[:place]
    return windows


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
