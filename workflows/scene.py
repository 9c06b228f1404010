"""Setting the scene of a step: the cohort, its chunk, its definition and its runs, read with nothing locked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from . import digests
from .claim import Held
from .definition import load
from .models import Chunk, Cohort, Run
from .people import People
from .step import RunFacts, Scene


@dataclass(frozen=True)
class Work:
    """What one step of one cohort works on."""

    chunk: Chunk
    scene: Scene


def load_work(held: Held, *, now: datetime) -> Work | None:
    """The work of a held cohort, in two queries, or five for digests; None when the hold was lost."""
    cohorts = Cohort.objects.across_tenants().filter(pk=held.cohort_id, lease_token=held.token, open=True)
    cohort = cohorts.select_related("chunk", "tenant").first()
    if cohort is None:
        return None
    chunk, people = cohort.chunk, cohort.people
    scene = Scene(
        tenant_id=cohort.tenant_id,
        tenant={
            "name": cohort.tenant.name,
            "slug": cohort.tenant.slug,
            "zone": cohort.tenant.zone,
            "locale": cohort.tenant.locale,
        },
        body=load(chunk.definition_id),
        step=cohort.step,
        round=cohort.round,
        people=people,
        ids=chunk.people,
        runs=_runs(chunk, people) if chunk.windows is None else digests.carried(chunk, people),
        now=now,
        house=chunk.house & people,
        chunk_id=chunk.pk,
        tries=cohort.tries,
        windows=chunk.windows or (),
        definition=chunk.definition_id,
        called=chunk.called,
    )
    return Work(chunk, scene)


def _runs(chunk: Chunk, people: People) -> list[tuple[RunFacts, People]]:
    places: dict[int, list[int]] = {}
    if chunk.runs is not None:
        for place in people:
            places.setdefault(chunk.runs[place], []).append(place)
    if chunk.run_id is not None:
        of_run = {chunk.run_id: people}
    else:
        of_run = {run: People.of(found) for run, found in places.items()}
    rows = Run.objects.across_tenants().filter(pk__in=of_run).order_by("pk")
    facts = rows.values_list("pk", "public_id", "transaction_id", "payload", "actor__name", "start_at")
    return [
        (RunFacts(pk, public, name, payload, actor or "", at), of_run[pk])
        for pk, public, name, payload, actor, at in facts
    ]
