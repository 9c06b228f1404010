"""From runs to cohorts: resolve recipients in chunks of at most 1,000 (run, person) pairs.

A run of many people is walked through its audience by cursor, a few chunks a transaction. Many small runs of one
tenant and definition go into chunks together, so that ten thousand triggers of one person each cost as little as one
trigger of ten thousand.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet, Value
from django.db.models.functions import Coalesce

from notifications.kernel import doorbell, rowset
from notifications.kernel.config import enabled
from notifications.live import watching
from notifications.models import Tenant

from . import audience as audiences
from .addresses import entered
from .at_once import tell_at_once
from .audience import Audience
from .claim import Held
from .conf import CHUNK
from .definition import FIRST, load
from .engine_bell import BELL, QUEUE
from .entering import chunk_of, enter, first_person
from .events import runs_as_events
from .finish import finish_if_done
from .groups import Groups, small_groups
from .models import HOUSE, Chunk, Cohort, Run, Status
from .runs_due import PAYLOADS_MAX, Around, Due, claim_runs, locked
from .scene import Work, new_work
from .sending.teams import has_house
from .step import Step
from .subscribed import Asked, left_out
from .tenant_facts import NAMES, facts_of
from .turns import TO_EXPAND, due_tenants, in_turn_after

logger = logging.getLogger(__name__)

AHEAD = 4
"""Chunks of a large run made in one transaction. Few, so that its cohorts do not crowd out other tenants', and nobody
waits long for them to be made."""

SMALL = 100
"""A topic or role with more members than this makes its runs large ones."""

PUT_OFF = timedelta(seconds=10)
"""When to try a run again whose recipients could not be resolved for a passing reason."""

PASSES = timedelta(hours=1)
"""For how long a reason is taken to be a passing one."""


@dataclass(frozen=True)
class Expanded:
    """A piece of work that was resolved, and whose it was. Runs of few people are in hand at once: `held` is their
    cohort, already claimed, and `work` what its next step works on, if that is known. `walked`: they took their first
    step as they were resolved."""

    tenant: int
    held: Held | None = None
    work: Work | None = None
    walked: bool = False


def expand_due(
    *, now: datetime, after_tenant: int = 0, tenant: int | None = None, lease: timedelta | None = None
) -> Expanded | None:
    """Resolve the next piece of work and make its cohorts. None when nothing is due that nobody else holds. Of one
    tenant, if it is named; else of the next one after `after_tenant`. With a `lease`, runs of few people are in
    hand."""
    tenants = due_tenants(_RUN, "expand_at", now=now, condition=TO_EXPAND) if tenant is None else [tenant]
    return expand_next(in_turn_after(tenants, after_tenant), now=now, lease=lease)


def expand_next(
    tenants: Iterable[int] | None, *, now: datetime, lease: timedelta | None, steps: Mapping[str, Step] | None = None
) -> Expanded | None:
    """The same of the first of these tenants who has something that nobody else holds; None for whoever has something.
    With the `steps`, a run of few people takes its first one as it is resolved, where that is short."""
    for tenant in [None] if tenants is None else tenants:
        if (done := _expand_tenant(tenant, now, lease, steps)) is not None:
            return done
    return None


def _expand_tenant(
    tenant: int | None, now: datetime, lease: timedelta | None, steps: Mapping[str, Step] | None
) -> Expanded | None:
    """The next piece of this tenant's, or of somebody's. None when somebody else holds all of it."""
    runs: list[Due] = []
    try:
        with transaction.atomic():
            runs, around = claim_runs(tenant, now)
            if not runs:
                return None
            if (
                lease
                and steps
                and around
                and (told := tell_at_once(runs[0], around, now=now, lease=lease, steps=steps))
            ):
                return Expanded(runs[0].tenant_id, told if isinstance(told, Held) else None, walked=True)
            rowset.lightly(connection)  # what is lost with the database is due again
            return _expand(runs, now, lease, around)
    except Exception:
        if not runs or not connection.is_usable():  # the database is away, which is no fault of these runs
            raise
        if steps:  # nothing is written, and the usual way says what it was
            logger.info("engine.usual_way run=%s", runs[0].public_id, exc_info=True)
            return _expand_tenant(runs[0].tenant_id, now, lease, None)
        logger.exception("engine.expand_failed runs=%s", len(runs))
        _expand_one_by_one(runs, now)
        return Expanded(runs[0].tenant_id)


def _expand(
    runs: Sequence[Due], now: datetime, lease: timedelta | None = None, around: Around | None = None
) -> Expanded:
    """Their cohort stays in hand for `lease`; without one it is due for anybody."""
    if not enabled():
        _disable(runs, now)
        return Expanded(runs[0].tenant_id)
    if len(runs) == 1:
        return _expand_one(runs[0], now, lease, around)
    return _expand_together(runs, now, lease)


def _expand_one_by_one(runs: Sequence[Due], now: datetime) -> None:
    """One of these breaks: find it, and let the others go on. A passing trouble puts it off, any other fails it."""
    for run in runs:
        mine = Run.objects.across_tenants().filter(pk=run.pk, expand_at__lte=now)
        try:
            with transaction.atomic():
                for one in locked(mine):
                    _expand([one], now)
        except OperationalError as error:
            if not connection.is_usable():
                raise
            _fail(mine.filter(put_off_since__lte=now - PASSES), error, now)
            since = Coalesce("put_off_since", Value(now))
            mine.filter(expand_at__isnull=False).update(expand_at=now + PUT_OFF, put_off_since=since)
        except Exception as error:
            _fail(mine, error, now)
        watching.changed([run.public_id])


def _fail(runs: QuerySet[Run], error: Exception, now: datetime) -> None:
    reason = f"Resolving its recipients failed: {type(error).__name__}: {error}"[:500]
    runs.update(status=Status.FAILED, expand_at=None, finished_at=now, error=reason)


def _expand_one(run: Due, now: datetime, lease: timedelta | None, around: Around | None = None) -> Expanded:
    """The next few chunks of one run, by cursor. A run that fits into one is in hand at once."""
    if run.status == Status.PENDING and (around is None or around.awaited):
        _start([run], now)
    (audience,) = entered([Audience.from_json(run.audience)], tenant_id=run.tenant_id)
    most = CHUNK * AHEAD
    found = audiences.page(audience, tenant_id=run.tenant_id, after=run.cursor, limit=most + 1, without=run.without)
    people, finished = found[:most], len(found) <= most
    pieces = [people[start : start + CHUNK] for start in range(0, len(people), CHUNK)]
    if run.status == Status.PENDING and has_house(load(run.definition_id)):
        pieces = [[HOUSE, *(pieces[0] if pieces else [])], *pieces[1:]]
    held_for = lease if finished and len(pieces) == 1 else None
    out = _left_out([Asked(run.pk, audience, people)], [run])
    chunks = [chunk_of(run, piece, now) for piece in pieces]
    cohorts = enter(chunks, step=FIRST, now=now, left_out=out, lease=held_for)
    told = run.people + len(people)
    changes: dict[str, Any] = {
        "people": told,
        "cursor": people[-1] if people else run.cursor,
        "expand_at": None if finished else now,  # behind the tenant's other runs
        "put_off_since": None,
    }
    if run.status == Status.PENDING:
        changes |= {"status": Status.PROCESSING} if pieces else {"status": Status.SENT, "finished_at": now}
    Run.objects.across_tenants().filter(pk=run.pk).update(**changes)
    if finished and not cohorts:  # nobody comes who would end it
        finish_if_done(run.pk, now=now, waiting=True)
    if held_for and cohorts:  # its first step, which comes now, tells those who watch
        return _in_hand(cohorts[0], [run], now, around)
    watching.changed([run.public_id])
    if len(pieces) > 1 or not finished:
        doorbell.ring(BELL, queue=QUEUE)  # more than one worker can help
    return Expanded(run.tenant_id)


def _expand_together(runs: Sequence[Due], now: datetime, lease: timedelta | None) -> Expanded:
    """As many of these small runs as fit into one chunk. Large ones among them are left for their own turn."""
    tenant_id = runs[0].tenant_id
    named = entered([Audience.from_json(run.audience) for run in runs], tenant_id=tenant_id)
    asked = {run.pk: audience for run, audience in zip(runs, named, strict=True)}
    groups = small_groups(named, tenant_id=tenant_id, most=SMALL)
    pairs: list[tuple[int, int]] = []
    told: list[Asked] = []
    taken: list[Due] = []
    size = weight = 0
    with_house = has_house(load(runs[0].definition_id))
    for run in runs:
        members = _members(asked[run.pk], groups)
        if members is None and not taken:
            return _expand_one(run, now, lease)  # the longest due does not wait for ever behind the small ones
        if members is None:
            continue
        members.discard(run.without or -1)
        weight += run.payload_bytes
        size += len(members)
        if taken and (size > CHUNK or weight > PAYLOADS_MAX):
            break
        pairs += [(person, run.pk) for person in members]
        if with_house:
            pairs.append((HOUSE, run.pk))
        taken.append(run._replace(people=len(members)))
        told.append(Asked(run.pk, asked[run.pk], members))
    _start(taken, now)
    out = _left_out(told, taken)
    there = [run for run in taken if run.people or with_house]
    cohorts = _share_chunk(there, sorted(pairs), out, now, lease) if pairs else []
    _end([run for run in taken if not with_house and run.people == len(out.get(run.pk, ()))], now)
    expanded = _in_hand(cohorts[0], there, now) if lease and cohorts else Expanded(tenant_id)
    walking = {run.id for run, _ in expanded.work.scene.runs} if expanded.work else set()
    if others := [run.public_id for run in taken if run.pk not in walking]:
        watching.changed(others)
    return expanded


def _in_hand(cohort: Cohort, runs: Sequence[Due], now: datetime, around: Around | None = None) -> Expanded:
    """A cohort that was made with a lease, and what its first step works on."""
    assert cohort.lease_token is not None
    held = Held(cohort.pk, cohort.lease_token, cohort.tries, cohort.tenant_id)
    return Expanded(cohort.tenant_id, held, new_work(cohort, [run.facts for run in runs], now=now, around=around))


def _members(audience: Audience, groups: Groups) -> set[int] | None:
    """Everybody in a small audience; None for one that is not small, be it that many small groups are many people."""
    parts = [
        *(groups.topics.get(topic) for topic in audience.topics),
        *(groups.roles.get(role) for role in audience.roles),
        *([groups.followers.get(audience.followers)] if audience.followers else []),
    ]
    if audience.everyone or len(audience.people) > SMALL or None in parts:
        return None
    found = set(audience.people).union(*(part for part in parts if part))
    return found if len(found) <= CHUNK else None


def _left_out(asked: Sequence[Asked], runs: Sequence[Due]) -> dict[int, set[int]]:
    """Who of these runs, which are of one tenant and definition, has subscribed to something else."""
    if not any(one.audience.topics for one in asked):
        return {}
    tenant_id, body = runs[0].tenant_id, load(runs[0].definition_id)

    def values(wanted: Collection[int]) -> dict[int, dict[str, Any]]:
        said = {
            "tenant": facts_of(Tenant.objects.only(*NAMES).get(pk=tenant_id)),
            "workflow": {"key": body.key, "name": body.name},
        }
        facts = {run.pk: run.facts for run in runs if run.pk in wanted}
        return {pk: {"payload": one.payload, "actor": {"name": one.actor}, **said} for pk, one in facts.items()}

    return left_out(asked, tenant_id=tenant_id, values_of=values)


def _share_chunk(
    runs: Sequence[Due],
    pairs: Sequence[tuple[int, int]],
    out: Mapping[int, Collection[int]],
    now: datetime,
    lease: timedelta | None,
) -> list[Cohort]:
    people, of_runs = [person for person, _ in pairs], [run for _, run in pairs]
    chunk = Chunk(
        tenant_id=runs[0].tenant_id,
        definition_id=runs[0].definition_id,
        first_id=first_person(people),
        last_id=people[-1],
        people=people,
        runs=of_runs,
        created_at=now,
    )
    cohorts = enter([chunk], step=FIRST, now=now, left_out=out, lease=lease)
    source, parameters = rowset.table(
        connection, "t", {"id": ("bigint", [run.pk for run in runs]), "n": ("bigint", [run.people for run in runs])}
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {_RUN} SET chunk_id = %s, status = %s, expand_at = NULL, people = t.n"
            f" FROM {source} WHERE {_RUN}.id = t.id",
            [chunk.pk, Status.PROCESSING.value, *parameters],
        )
    return cohorts


def _start(runs: Sequence[Due], now: datetime) -> None:
    """That these start is an event, which others may wait for."""
    event = load(runs[0].definition_id).key
    runs_as_events([run.pk for run in runs], event=event, tenant_id=runs[0].tenant_id, now=now)


def _end(runs: Sequence[Due], now: datetime) -> None:
    """Runs without anybody to tell are finished."""
    if runs:
        ended = Run.objects.across_tenants().filter(pk__in=[run.pk for run in runs])
        ended.update(status=Status.SENT, expand_at=None, finished_at=now)


def _disable(runs: Sequence[Due], now: datetime) -> None:
    """Sending is switched off: nobody further is resolved. Who walks already is ended where they stand."""
    stopped = Run.objects.across_tenants().filter(pk__in=[run.pk for run in runs])
    stopped.update(expand_at=None, error="disabled")
    for run in runs:
        finish_if_done(run.pk, now=now, waiting=True)
    watching.changed(run.public_id for run in runs)


_RUN = Run._meta.db_table
