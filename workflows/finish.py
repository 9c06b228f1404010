"""When a run is finished: everybody resolved, nobody walking."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from .models import Chunk, Cohort, Run, Status


def finish_if_done(run_id: int, *, now: datetime, waiting: bool = False) -> bool:
    """Finish this run if it has resolved everybody and has no open cohort; whether it did.

    In the transaction that ended a cohort of it, after that write. The run is locked first, so of two workers who
    end the last two cohorts the second waits for the first and then sees what it wrote. A run that somebody is about
    to cancel is left to them. `waiting`: for whoever has just resolved the last of its people, and is not seen by those
    who end a cohort at this moment, so they are waited for.
    """
    mine = Run.objects.across_tenants().filter(pk=run_id, expand_at__isnull=True)
    mine = mine.filter(status__in=[Status.PENDING, Status.PROCESSING])
    if connection.features.has_select_for_update:
        mine = mine.select_for_update(no_key=not waiting, of=("self",))
    run = mine.only("chunk_id").first()
    if run is None or (run.chunk_id is not None and _walks_among_others(run)):
        return False
    with connection.cursor() as cursor:  # a statement of its own, behind the lock, so that it sees what the other wrote
        cursor.execute(
            f"UPDATE {_RUN} SET status = %s, finished_at = %s WHERE id = %s AND NOT EXISTS (SELECT 1 FROM {_COHORT} c"
            f" JOIN {_CHUNK} k ON k.id = c.chunk_id WHERE k.run_id = %s AND c.open)",
            [Status.SENT.value, connection.ops.adapt_datetimefield_value(now), run_id, run_id],
        )
        return bool(cursor.rowcount)


def _walks_among_others(run: Run) -> bool:
    """Whether anybody of this run walks in the chunk that it shares."""
    cohorts = Cohort.objects.across_tenants().filter(chunk=run.chunk_id, open=True).select_related("chunk")
    return any(cohort.people & cohort.chunk.people_of(run.pk) for cohort in cohorts)


_RUN, _COHORT, _CHUNK = (model._meta.db_table for model in (Run, Cohort, Chunk))
