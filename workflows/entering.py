"""People enter a run: their chunks, each with the cohort of those who walk, and on record those who are left out."""

from __future__ import annotations

import uuid
from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from .models import HOUSE, Chunk, Cohort, Outcome
from .people import NOBODY, People
from .runs_due import Due
from .subscribed import SUBSCRIPTION_CONDITION


def enter(
    chunks: Sequence[Chunk],
    *,
    step: str,
    now: datetime,
    round_: int = 0,
    left_out: Mapping[int, Collection[int]] | None = None,
    lease: timedelta | None = None,
) -> list[Cohort]:
    """Write these chunks. Each starts as one cohort at this step, due at once, or held by us for `lease`. `left_out`:
    of each run, who is at an end before they begin; a chunk of nobody else has no cohort."""
    Chunk.objects.bulk_create(chunks)
    out = [_places(chunk, left_out) if left_out else NOBODY for chunk in chunks]
    Outcome.objects.bulk_create(
        Outcome(
            chunk=chunk,
            step=step,
            round=round_,
            reason=SUBSCRIPTION_CONDITION,
            final=True,
            mask=places.dump(),
            created_at=now,
        )
        for chunk, places in zip(chunks, out, strict=True)
        if places
    )
    return Cohort.objects.bulk_create(
        Cohort(
            tenant_id=chunk.tenant_id,
            chunk=chunk,
            step=step,
            round=round_,
            mask=(chunk.everyone - places).dump(),
            wake_at=now + (lease or timedelta()),
            lease_token=None if lease is None else uuid.uuid4(),
            tries=0 if lease is None else 1,
        )
        for chunk, places in zip(chunks, out, strict=True)
        if chunk.everyone - places
    )


def chunk_of(run: Due, people: Sequence[int], now: datetime) -> Chunk:
    """A chunk of one run, with these people, ascending; not written yet."""
    return Chunk(
        tenant_id=run.tenant_id,
        definition_id=run.definition_id,
        run_id=run.pk,
        first_id=first_person(people),
        last_id=people[-1],
        people=list(people),
        created_at=now,
    )


def first_person(people: Sequence[int]) -> int:
    """Behind the house."""
    return people[min(bisect_right(people, HOUSE), len(people) - 1)]


def _places(chunk: Chunk, left_out: Mapping[int, Collection[int]]) -> People:
    runs = chunk.runs or [chunk.run_id] * len(chunk.people)
    return People.of(
        place
        for place, (person, run) in enumerate(zip(chunk.people, runs, strict=True))
        if person in left_out.get(run or 0, ())
    )
