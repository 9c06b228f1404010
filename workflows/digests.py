"""Digests on their way: windows that closed become pairs of a chunk, which walks on behind the step that collected.

A digest belongs to none of the runs whose events it holds: any of them may be cancelled, and the others' events must
still arrive. So those that close together are carried by a run of their own, which is followed, cancelled and finished
like any other. Nobody is in one run twice: who gets several digests at once gets them from as many runs.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.db import connection, transaction

from notifications.kernel import rowset
from notifications.kernel.tokens import uuid7

from .conf import CHUNK
from .definition import Body, load
from .models import HOUSE, Chunk, Cohort, Run, Status, Window, WindowItem
from .people import NOBODY, People
from .step import Digest, RunFacts, Scene, Stale, event
from .turns import due_tenants

logger = logging.getLogger(__name__)

ITEMS = 10
"""So many events of a digest its texts see, unless the step says otherwise."""

PAYLOADS_MAX = 2 * 1024 * 1024
"""Bytes of payload that a chunk of digests shows: a worker holds them all at once."""


def close_due(*, now: datetime, after_tenant: int = 0) -> int | None:
    """Close the next windows that are due, up to 1,000 of one tenant and step, and send them on. The tenant whose they
    were, so that the caller can go round; None when none is due that nobody else holds."""
    tenants = due_tenants(Window._meta.db_table, "closes_at", now=now, condition="NOT closed")
    for tenant in sorted(tenants, key=lambda one: (one <= after_tenant, one)):
        with transaction.atomic():
            windows = _claim(tenant, now)
            if windows:
                _close(windows, now)
                return tenant
    return None


def _claim(tenant: int, now: datetime) -> list[Window]:
    """Due windows of this tenant, locked: the longest due one, and others of its definition and step."""
    due = Window.objects.filter(tenant=tenant, closed=False, closes_at__lte=now)
    groups: dict[tuple[str, str], list[int]] = {}
    for pk, definition, step in due.order_by("closes_at").values_list("pk", "definition_id", "step")[:CHUNK]:
        groups.setdefault((definition, step), []).append(pk)
    found = (_locked(tenant, group, now) for group in groups.values())
    return next(filter(None, found), [])


def _locked(tenant: int, ids: Sequence[int], now: datetime) -> list[Window]:
    due = Window.objects.filter(tenant=tenant, closed=False, closes_at__lte=now, pk__in=ids)
    if connection.features.has_select_for_update_skip_locked:
        due = due.select_for_update(skip_locked=True, of=("self",))
    return list(due.order_by("recipient_id", "scope"))


def _close(windows: Sequence[Window], now: datetime) -> None:
    """Close these, all of one step. One without events is gone without a word, and so is what nothing stands behind."""
    first = windows[0]
    body = load(first.definition_id)
    further = body.after(first.step)
    filled = _that_fit([window for window in windows if window.n], most=_shown(body, first.step))
    mine = Window.objects.filter(tenant=first.tenant_id)
    mine.filter(pk__in=[window.pk for window in windows if not window.n]).delete()
    mine.filter(pk__in=[window.pk for window in filled]).update(closed=True)
    if not filled or body.step_at(further) is None:
        return
    turns = _turns([window.recipient_id for window in filled])
    told = Counter(turn for turn, window in zip(turns, filled, strict=True) if window.recipient_id != HOUSE)
    chunk = Chunk(
        tenant_id=first.tenant_id,
        definition_id=first.definition_id,
        first_id=next((one.recipient_id for one in filled if one.recipient_id != HOUSE), HOUSE),
        last_id=filled[-1].recipient_id,
        people=[window.recipient_id for window in filled],
        windows=[window.pk for window in filled],
        created_at=now,
    )
    carriers = Run.objects.bulk_create(_carrier(first, body.key, told[n], now) for n in range(max(turns) + 1))
    chunk.runs = [carriers[turn].pk for turn in turns]
    chunk.save()
    Run.objects.filter(tenant=first.tenant_id, pk__in=[run.pk for run in carriers]).update(chunk=chunk)
    _set_carriers(filled, chunk.runs)
    everybody = People.everyone(len(filled)).dump()
    Cohort.objects.create(tenant_id=first.tenant_id, chunk=chunk, step=further, mask=everybody, wake_at=now)
    logger.info("digest.closed chunk=%s windows=%s runs=%s", chunk.pk, len(filled), len(carriers))


def _that_fit(windows: Sequence[Window], *, most: int) -> Sequence[Window]:
    """As many of these as a worker can hold at once, at least one; the others are closed next. Two queries."""
    heads = _heads([window.pk for window in windows], most=most)
    events = {run for head in heads.values() for run in head}
    sizes = dict(Run.objects.across_tenants().filter(pk__in=events).values_list("pk", "payload_bytes"))
    held, weight = set[int](), 0
    for place, window in enumerate(windows):
        fresh = set(heads.get(window.pk, ())) - held
        held |= fresh
        weight += sum(sizes.get(run, 0) for run in fresh)
        if place and weight > PAYLOADS_MAX:
            return windows[:place]
    return windows


def _turns(recipients: Sequence[int]) -> list[int]:
    """For each, how many of the same stand before it."""
    seen = Counter[int]()
    turns = []
    for recipient in recipients:
        turns.append(seen[recipient])
        seen[recipient] += 1
    return turns


def _carrier(window: Window, workflow: str, people: int, now: datetime) -> Run:
    name = uuid7()
    return Run(
        tenant_id=window.tenant_id,
        public_id=name,
        transaction_id=str(name),
        workflow=workflow,
        definition_id=window.definition_id,
        digest=window.step,
        status=Status.PROCESSING,
        people=people,
        start_at=now,
        created_at=now,
    )


def _set_carriers(windows: Sequence[Window], runs: Sequence[int]) -> None:
    table = Window._meta.db_table
    source, values = rowset.table(
        connection, "t", {"id": ("bigint", [one.pk for one in windows]), "run": ("bigint", runs)}
    )
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET carrier_id = t.run FROM {source} WHERE {table}.id = t.id", values)


def carried(chunk: Chunk, people: People) -> list[tuple[RunFacts, People]]:
    """What each of these digests holds now. One `RunFacts` for all that hold the same, so that they share their words.
    Four queries."""
    windows, runs = chunk.windows or [], chunk.runs or [chunk.run_id or 0] * len(chunk.people)
    ids = [windows[place] for place in people]
    counts = dict(Window.objects.filter(tenant=chunk.tenant_id, pk__in=ids).values_list("pk", "n"))
    step = (
        Run.objects.filter(tenant=chunk.tenant_id, pk=runs[next(iter(people))]).values_list("digest", flat=True).get()
    )
    heads = _heads(ids, most=_shown(load(chunk.definition_id), step))
    alike: dict[tuple[int, int, tuple[int, ...]], list[int]] = defaultdict(list)
    for place in people:
        window = windows[place]
        alike[runs[place], counts.get(window, 0), tuple(heads.get(window, ()))].append(place)
    facts = _facts({run for carrier, _, events in alike for run in (carrier, *events)})
    return [(_digest(facts, carrier, n, events), People.of(places)) for (carrier, n, events), places in alike.items()]


def _shown(body: Body, step: str) -> int:
    """How many events of this digest texts see."""
    shown: int = (body.step_at(step) or {}).get("items", ITEMS)
    return shown


def _heads(windows: Sequence[int], *, most: int) -> dict[int, list[int]]:
    """The first events of each window, by run, in the order in which they were triggered."""
    item = WindowItem._meta.db_table
    source, values = rowset.table(connection, "t", {"id": ("bigint", windows)})
    if connection.vendor == "postgresql":
        first = f"SELECT i.run_id FROM {item} i WHERE i.window_id = t.id ORDER BY i.run_id LIMIT {most:d}"
        query = f"SELECT t.id, f.run_id FROM {source}, LATERAL ({first}) f ORDER BY t.id, f.run_id"
    else:
        turn = "row_number() OVER (PARTITION BY i.window_id ORDER BY i.run_id) AS turn"
        ranked = f"SELECT i.window_id, i.run_id, {turn} FROM {source} JOIN {item} i ON i.window_id = t.id"
        query = f"SELECT window_id, run_id FROM ({ranked}) r WHERE turn <= {most:d} ORDER BY window_id, run_id"
    found: dict[int, list[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        for window, run in cursor.fetchall():
            found.setdefault(window, []).append(run)
    return found


def _facts(runs: set[int]) -> dict[int, RunFacts]:
    rows = Run.objects.across_tenants().filter(pk__in=runs)
    names = ("pk", "public_id", "transaction_id", "payload", "actor__name", "start_at")
    return {
        pk: RunFacts(pk, public, name, payload, actor or "", at)
        for pk, public, name, payload, actor, at in rows.values_list(*names)
    }


def _digest(facts: Mapping[int, RunFacts], carrier: int, n: int, events: Sequence[int]) -> RunFacts:
    """The carrier as a step knows it, with what this digest of its has collected."""
    found = [facts[run] for run in events if run in facts]
    digest = Digest(n, [event(one.payload, one.actor, one.at) for one in found])
    first = found[0] if found else facts[carrier]
    return replace(facts[carrier], payload=first.payload, actor=first.actor, at=first.at, digest=digest)


def emptied(scene: Scene) -> People:
    """Those of these digests that have no event left: all were cancelled. Holds their windows, so that a cancel waits
    for us, or we for it. Raises Stale when one has lost an event since the scene was set, and OperationalError
    (55P03) when a cancel is under way."""
    if not scene.windows:
        return NOBODY
    seen = {scene.windows[place]: run.digest.count for run, of_run in scene.runs if run.digest for place in of_run}
    source, values = rowset.table(connection, "t", {"id": ("bigint", list(seen))})
    locking = "FOR SHARE OF w NOWAIT" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT w.id, w.n FROM {source} JOIN {Window._meta.db_table} w ON w.id = t.id"
            f" ORDER BY w.recipient_id, w.scope {locking}",
            values,
        )
        counts = dict(cursor.fetchall())
    if any(counts.get(window, 0) != n for window, n in seen.items()):
        raise Stale
    return People.of(place for place in scene.people if not counts.get(scene.windows[place]))
