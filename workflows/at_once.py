"""A run of a few people, all at once: resolved, its first step planned and written, in one transaction.

This is the short way for what is most frequent and most waited for: somebody is told something in their inbox. Nothing
is claimed, leased or looked up again in between, and a worker that dies has done nothing. Whatever is not as simple as
that, or breaks, or has waited already, goes the usual way: there each loss and each failure is counted.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from notifications import visibility
from notifications.kernel.config import enabled
from notifications.live import watching

from . import audience as audiences
from .audience import Audience
from .claim import Held
from .conf import CHUNK
from .definition import FIRST, load
from .entering import chunk_of
from .models import Chunk, Cohort, Outcome, Run, Status
from .planning import own, plan_step
from .runs_due import Around, Due
from .scene import new_work
from .sending.teams import has_house
from .settle import Walk, check_partition, ends_and_walks, outcomes_of, ways_of
from .step import Scene, Step, is_planned_at_once

FRESH = timedelta(seconds=1)
"""What has waited for longer may be what took its workers with it."""


def tell_at_once(
    run: Due, around: Around, *, now: datetime, lease: timedelta, steps: Mapping[str, Step]
) -> Held | bool:
    """In the transaction that has locked this run. False: nothing was written, it has to go the usual way. Else True if
    its people have come to an end, or the cohort in which they go on, held for `lease`."""
    audience = Audience.from_json(run.audience)
    if not (_is_fresh(run, around, now) and audience.is_named and _may_be_seen(run) and _begins_short(run, steps)):
        return False
    people = audiences.page(audience, tenant_id=run.tenant_id, after=0, limit=CHUNK + 1, without=run.without)
    if not 0 < len(people) <= CHUNK:
        return False
    chunk = chunk_of(run, people, now)
    scene = _scene(run, around, chunk, now)
    plan = plan_step(scene, steps)
    check_partition(scene.people, plan.moves)
    ends, walks = ends_and_walks(plan.moves, scene)
    if plan.inside or plan.heard or len(walks) > 1 or any(until for *_, until in walks):
        return False
    for effect in plan.effects:
        effect.apply(scene.people, scene)
    outcomes = [
        *outcomes_of(plan.notes, scene, chunk, final=False),
        *outcomes_of(ends, scene, chunk, final=True),
        *ways_of(plan.moves, scene, chunk),
    ]
    watching.changed([run.public_id])
    _write(run, chunk, outcomes, ended=not walks)
    return _hold(walks[0], scene, chunk, lease) if walks else True


def _is_fresh(run: Due, around: Around, now: datetime) -> bool:
    """A run of which nothing has happened yet."""
    is_new = run.status == Status.PENDING and not run.cursor and now - run.start_at < FRESH
    return is_new and not around.touched and not around.awaited and enabled()


def _may_be_seen(run: Due) -> bool:
    """Without asking the host."""
    return not (run.target and visibility.is_asked())


def _begins_short(run: Due, steps: Mapping[str, Step]) -> bool:
    """With a step that may be planned while others wait, asked of nobody but people."""
    body = load(run.definition_id)
    settings = body.step_at(FIRST)
    if settings is None or settings["kind"] not in steps or has_house(body):
        return False
    return is_planned_at_once(steps[settings["kind"]], own(settings))


def _scene(run: Due, around: Around, chunk: Chunk, now: datetime) -> Scene:
    """As for everybody of a chunk, which is not written yet."""
    everybody = Cohort(tenant_id=run.tenant_id, chunk=chunk, step=FIRST, mask=chunk.everyone.dump(), tries=1)
    return new_work(everybody, [run.facts], now=now, around=around).scene


def _write(run: Due, chunk: Chunk, outcomes: Sequence[Outcome], *, ended: bool) -> None:
    """The chunk, which has its key from then on, its outcomes, and what has become of the run."""
    now = chunk.created_at
    changes: dict[str, Any] = {"people": len(chunk.people), "cursor": chunk.last_id, "expand_at": None}
    changes |= {"status": Status.SENT.value, "finished_at": now} if ended else {"status": Status.PROCESSING.value}
    if connection.vendor != "postgresql":
        chunk.save(force_insert=True)
        Outcome.objects.bulk_create(outcomes)
        Run.objects.across_tenants().filter(pk=run.pk).update(**changes)
        return
    values: list[Any] = [chunk.tenant_id, chunk.definition_id, run.pk, chunk.first_id, chunk.last_id]
    values += [json.dumps(chunk.people), now]
    for one in outcomes:
        values += [one.step, one.round, one.channel, one.reason, one.detail, one.until, one.final, one.mask, now]
    rows = ", ".join(["(%s, %s, %s, %s, %s, %s::timestamptz, %s, %s, %s)"] * len(outcomes))
    noted = (
        f", o AS (INSERT INTO {_OUTCOME}"
        " (chunk_id, step, round, channel, reason, detail, until, final, mask, created_at)"
        f" SELECT k.id, v.* FROM k, (VALUES {rows}) v)"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH k AS (INSERT INTO {_CHUNK}"
            " (tenant_id, definition_id, run_id, first_id, last_id, people, created_at)"
            f" VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id){noted if outcomes else ''},"
            f" r AS (UPDATE {_RUN} SET {', '.join(f'{name} = %s' for name in changes)} WHERE id = %s)"
            " SELECT id FROM k",
            [*values, *changes.values(), run.pk],
        )
        chunk.pk = cursor.fetchone()[0]


def _hold(walk: Walk, scene: Scene, chunk: Chunk, lease: timedelta) -> Held:
    people, step, round_, _ = walk
    cohort = Cohort.objects.create(
        tenant_id=scene.tenant_id,
        chunk=chunk,
        step=step,
        round=round_,
        mask=people.dump(),
        wake_at=scene.now + lease,
        lease_token=(token := uuid.uuid4()),
        tries=1,
    )
    return Held(cohort.pk, token, cohort.tries, cohort.tenant_id)


_CHUNK, _OUTCOME, _RUN = (model._meta.db_table for model in (Chunk, Outcome, Run))
