"""Setting the scene of a step: the cohort, its chunk, its definition and its runs, read with nothing locked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Exists, OuterRef

from notifications.models import Tenant

from . import digests
from .claim import Held
from .definition import load
from .models import Chunk, Cohort, Run, Silence
from .people import People
from .runs_due import Around
from .step import RunFacts, Scene
from .tenant_facts import facts_of


@dataclass(frozen=True)
class Work:
    """What one step of one cohort works on."""

    chunk: Chunk
    scene: Scene

    def further(self, people: People, *, step: str, round_: int) -> Work:
        """What these of the people come to next, without a look at what was read for the step before. What may have
        changed since is asked where it counts: by the step, for silences, and under the locks of its write."""
        scene = replace(self.scene.of(people), step=step, round=round_, tries=1, may_be_silenced=True)
        return replace(self, scene=scene)

    def at(self, now: datetime) -> Work:
        """The same at this time."""
        return replace(self, scene=replace(self.scene, now=now))


def load_work(held: Held, *, now: datetime) -> Work | None:
    """The work of a held cohort, in two queries, or five for digests; None when the hold was lost."""
    cohorts = Cohort.objects.across_tenants().filter(pk=held.cohort_id, lease_token=held.token, open=True)
    asked = cohorts.annotate(silences=_silences("tenant", now))
    cohort = asked.select_related("chunk", "tenant").first()
    if cohort is None:
        return None
    return Work(cohort.chunk, scene_of(cohort, now=now, may_be_silenced=cohort.silences))


def scene_of(cohort: Cohort, *, now: datetime, may_be_silenced: bool = True) -> Scene:
    """Where these people stand. One query, or four for digests; `cohort.chunk` and `cohort.tenant` are read."""
    chunk, people = cohort.chunk, cohort.people
    runs = _runs(chunk, people) if chunk.windows is None else digests.carried(chunk, people)
    return _scene(cohort, runs, now, may_be_silenced)


def new_work(cohort: Cohort, runs: Sequence[RunFacts], *, now: datetime, around: Around | None = None) -> Work:
    """The work of a cohort that was just made, of everybody in a chunk of these runs. One query, or none where what
    stands `around` it is known."""
    places = _places(cohort.chunk, cohort.people)
    there = sorted((run for run in runs if run.id in places), key=lambda run: run.id)  # of some nobody walks
    return work_of(cohort, [(run, places[run.id]) for run in there], now=now, around=around)


def work_of(
    cohort: Cohort, facts: list[tuple[RunFacts, People]], *, now: datetime, around: Around | None = None
) -> Work:
    """The same, where it is known whose facts are whose."""
    if around is None:
        asked = Tenant.objects.annotate(silences=_silences("pk", now)).get(pk=cohort.tenant_id)
        cohort.tenant, may_be_silenced = asked, asked.silences
    else:
        cohort.tenant, may_be_silenced = Tenant(pk=cohort.tenant_id, **around.tenant), around.may_be_silenced
    return Work(cohort.chunk, _scene(cohort, facts, now, may_be_silenced))


def _silences(tenant: str, now: datetime) -> Exists:
    """Whether the tenant of a row has any that is not over: asked along, so that who has none pays no statement."""
    rows = Silence.objects.across_tenants().filter(tenant=OuterRef(tenant), expired_at__isnull=True)
    return Exists(rows.exclude(ends_at__lte=now))


def _scene(cohort: Cohort, runs: list[tuple[RunFacts, People]], now: datetime, may_be_silenced: bool) -> Scene:
    chunk, people = cohort.chunk, cohort.people
    return Scene(
        tenant_id=cohort.tenant_id,
        tenant=facts_of(cohort.tenant),
        body=load(chunk.definition_id),
        step=cohort.step,
        round=cohort.round,
        people=people,
        ids=chunk.people,
        runs=runs,
        now=now,
        house=chunk.house & people,
        chunk_id=chunk.pk,
        tries=cohort.tries,
        windows=chunk.windows or (),
        definition=chunk.definition_id,
        called=chunk.called,
        may_be_silenced=may_be_silenced,
    )


def _runs(chunk: Chunk, people: People) -> list[tuple[RunFacts, People]]:
    of_run = _places(chunk, people)
    rows = Run.objects.across_tenants().filter(pk__in=of_run).order_by("pk")
    facts = rows.values_list("pk", "public_id", "transaction_id", "payload", "actor__name", "start_at", "target")
    return [
        (RunFacts(pk, public, name, payload, actor or "", at, target=target), of_run[pk])
        for pk, public, name, payload, actor, at, target in facts
    ]


def _places(chunk: Chunk, people: People) -> dict[int, People]:
    """Of each run that pairs belong to, those of these people."""
    if chunk.run_id is not None:
        return {chunk.run_id: people}
    runs, places = chunk.runs or [], dict[int, list[int]]()
    for place in people if runs else ():
        places.setdefault(runs[place], []).append(place)
    return {run: People.of(found) for run, found in places.items()}
