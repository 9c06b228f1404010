"""What steps bring for everybody of a run: taken up by one worker at a time, tried again a while later, kept once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from notifications.kernel import rowset

from .conf import conf
from .fetching import Brought, Failed
from .models import Run, RunResult


@dataclass(frozen=True)
class Result:
    """As far as it is: `done` with a value, or with an error; else nobody tries before `free_at`."""

    done: bool
    error: str
    free_at: datetime


def of_runs(runs: Collection[int], step: str) -> dict[int, Result]:
    """What there is of this step, by run. One query, which reads no values."""
    rows = RunResult.objects.filter(run__in=runs, step=step).values_list("run", "done", "error", "free_at")
    return {run: Result(done, error, free_at) for run, done, error, free_at in rows}


def values_of(runs: Collection[int], steps: Collection[str]) -> dict[tuple[int, str], Any]:
    """What these steps brought, by run and step. One query."""
    done = RunResult.objects.filter(run__in=runs, step__in=steps, done=True, error="")
    return {(run, step): value for run, step, value in done.values_list("run", "step", "value")}


def take(runs: Sequence[int], step: str, *, now: datetime, lease: timedelta, most: int) -> dict[int, int]:
    """Take up to `most` of these runs, with how often that was: nobody else does before the lease ends. One statement.
    Not those that are done, that somebody holds, or that are cancelled."""
    source, parameters = rowset.table(connection, "t", {"run": ("bigint", sorted(runs))})
    at = connection.ops.adapt_datetimefield_value
    table = RunResult._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} AS kept (run_id, step, error, done, tries, free_at)"
            f" SELECT r.id, %s, '', %s, 1, %s FROM {source} JOIN {Run._meta.db_table} r ON r.id = t.run"
            f" LEFT JOIN {table} k ON k.run_id = r.id AND k.step = %s"
            " WHERE r.cancelled_at IS NULL AND (k.id IS NULL OR (NOT k.done AND k.free_at <= %s))"
            " ORDER BY r.id LIMIT %s"
            " ON CONFLICT (run_id, step) DO UPDATE SET tries = kept.tries + 1, free_at = excluded.free_at"
            " WHERE NOT kept.done AND kept.free_at <= %s RETURNING run_id, tries",
            [step, False, at(now + lease), *parameters, step, at(now), most, at(now)],
        )
        return dict(cursor.fetchall())


def keep(found: Mapping[int, Brought | Failed], step: str, *, tries: Mapping[int, int], now: datetime) -> None:
    """Write what came of it. What failed and may go better is tried again 2 and 4 seconds later, as the engine does."""
    rows = list(RunResult.objects.filter(run__in=found, step=step, done=False))
    for row in rows:
        match found[row.run_id]:
            case Brought(value):
                row.done, row.value, row.error = True, value, ""
            case Failed(detail, again):
                row.done = not again or tries[row.run_id] >= conf().tries
                row.error, row.free_at = detail[:500], now + timedelta(seconds=2 ** tries[row.run_id])
    RunResult.objects.filter(done=False).bulk_update(rows, ["done", "value", "error", "free_at"])
