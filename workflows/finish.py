"""When a run is finished: everybody resolved, nobody walking."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from .models import Cohort, Run, Status


def finish_if_done(run_id: int, *, now: datetime) -> bool:
    """Finish this run if it has resolved everybody and has no open cohort; whether it did.

    In the transaction that ended a cohort of it, after that write. The run is locked first, so of two workers who
    end the last two cohorts the second waits for the first and then sees what it wrote. A run that somebody is about
    to cancel is left to them.
    """
    mine = Run.objects.across_tenants().filter(pk=run_id, expand_at__isnull=True)
    mine = mine.filter(status__in=[Status.PENDING, Status.PROCESSING])
    if connection.features.has_select_for_update:
        mine = mine.select_for_update(no_key=True, of=("self",))
    run = mine.only("chunk_id").first()
    if run is None or Cohort.objects.across_tenants().filter(chunk__run=run_id, open=True).exists():
        return False
    if run.chunk_id is not None and _walks_among_others(run):
        return False
    return bool(Run.objects.across_tenants().filter(pk=run_id).update(status=Status.SENT, finished_at=now))


def _walks_among_others(run: Run) -> bool:
    """Whether anybody of this run walks in the chunk that it shares."""
    cohorts = Cohort.objects.across_tenants().filter(chunk=run.chunk_id, open=True).select_related("chunk")
    return any(cohort.people & cohort.chunk.people_of(run.pk) for cohort in cohorts)
