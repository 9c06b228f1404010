"""What people do about runs, and waking those who wait for it.

An act is written with its run locked, and a step is settled with its runs locked: so who acts either is seen by the
plan, or before it is written, or finds those who wait asleep and wakes them. The first update wins.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import connection
from django.db.models import F, Q

from .definition import load
from .hearing import EVERYBODY
from .models import Act, Chunk, Cohort, Run
from .people import NOBODY, People
from .step import Waits
from .steps import STEPS


def record(runs: Collection[Run], *, recipient: int, kind: str, now: datetime) -> set[int]:
    """Write this act for each of these runs, which the caller has locked; those for which it is the first of its kind.
    Wakes who waits for it."""
    done = set(Act.objects.filter(run__in=runs, kind=kind, recipient_id=recipient).values_list("run_id", flat=True))
    fresh = {run.pk: run for run in runs if run.pk not in done}
    Act.objects.bulk_create(Act(run_id=pk, recipient_id=recipient, kind=kind, at=now) for pk in sorted(fresh))
    Run.objects.across_tenants().filter(pk__in=fresh).update(acts=F("acts") + 1)
    _wake(fresh, recipient, kind, now)
    return set(fresh)


def _wake(runs: Mapping[int, Run], recipient: int, kind: str, now: datetime) -> None:
    """Those who sleep at a step that heeds such an act are due now; the others of their cohorts sleep on."""
    cohorts = Cohort.objects.across_tenants().filter(open=True, lease_token__isnull=True, round__gt=0)
    shared = [run.chunk_id for run in runs.values() if run.chunk_id]
    cohorts = cohorts.filter(Q(chunk__run__in=runs) | Q(chunk__in=shared)).order_by("pk")
    if connection.features.has_select_for_update:
        cohorts = cohorts.select_for_update(of=("self",))
    parts = []
    for cohort in cohorts.select_related("chunk"):
        concerned = _concerned(cohort, runs, recipient, kind)
        if not concerned:
            continue
        rest = cohort.people - concerned
        mine = Cohort.objects.across_tenants().filter(pk=cohort.pk)
        mine.update(**({"mask": rest.dump()} if rest else {"wake_at": now}))
        if rest:
            parts.append((cohort, concerned))
    Cohort.objects.bulk_create(
        Cohort(
            tenant_id=cohort.tenant_id,
            chunk=cohort.chunk,
            step=cohort.step,
            round=cohort.round,
            mask=people.dump(),
            wake_at=now,
        )
        for cohort, people in parts
    )


def _concerned(cohort: Cohort, runs: Mapping[int, Run], recipient: int, kind: str) -> People:
    """Whom of this cohort such an act of this person in these runs wakes."""
    chunk = cohort.chunk
    settings = load(chunk.definition_id).step_at(cohort.step) or {}
    step = STEPS.get(settings.get("kind", ""))
    heeded, by_anybody = step.heeds(settings, cohort.step) if isinstance(step, Waits) else ("", False)
    if heeded != kind:
        return NOBODY
    people = _people_of(chunk, runs) & cohort.people
    if by_anybody or recipient == EVERYBODY:
        return people
    return People.of(place for place in people if chunk.people[place] == recipient)


def _people_of(chunk: Chunk, runs: Mapping[int, Run]) -> People:
    if chunk.runs is None:
        return chunk.everyone if chunk.run_id in runs else NOBODY
    return People.of(place for place, run in enumerate(chunk.runs) if run in runs)
