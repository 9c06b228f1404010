"""How long what runs leave behind is kept: what was fetched for their texts, what people did about them, and which
event was in which digest.

Small batches, each a transaction of its own, from the oldest on along the primary key; so it may stop anywhere, run in
several processes, and be as late as it likes. What a run that is still under way may look at is never touched.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from notifications.kernel import rowset
from notifications.kernel.clock import db_now

from .conf import conf
from .models import Act, ChunkResult, Cohort, RunResult, Window, WindowItem

BATCH = 1_000
SECONDS = 3.0
"""For how long a tick may go on: the ticker has other things to do."""

Rows = QuerySet[Any]


@dataclass(frozen=True)
class Rule:
    """`at`: a time of each row that grows with its key, roughly. `over`: those of some rows that nothing needs any
    more, when what ended before this time is not kept. `forget`: take away these."""

    rows: Callable[[], Rows]
    at: str
    over: Callable[[Rows, datetime], Rows]
    forget: Callable[[Sequence[int]], None]


def clear_out_for_a_while() -> None:
    """For the ticker."""
    clear_out(now=db_now(), seconds=SECONDS)


def clear_out(*, now: datetime, most: int = BATCH, seconds: float = float("inf")) -> dict[str, int]:
    """Take away what is past its time by the settings `KEEP_…_DAYS`, in batches of `most`, until nothing is left or
    `seconds` have passed. How many `results`, `acts` and `digests` that was."""
    until, kept = time.monotonic() + seconds, conf()
    days = {"results": kept.keep_results_days, "acts": kept.keep_acts_days, "digests": kept.keep_digests_days}
    done = dict.fromkeys(days, 0)
    for name, rules in RULES.items():
        for rule in rules:
            for count in _batches(rule, before=now - timedelta(days=days[name]), most=most):
                done[name] += count
                if time.monotonic() >= until:
                    return done
    return done


def _batches(rule: Rule, *, before: datetime, most: int) -> Iterator[int]:
    """Page after page from the oldest on, until one has nothing that old; how many of it were taken away."""
    after = 0
    while True:
        page = list(rule.rows().filter(pk__gt=after).order_by("pk").values_list("pk", rule.at)[:most])
        old = [pk for pk, at in page if at < before]
        if not old:
            return
        with transaction.atomic():
            chosen = _unheld(rule.over(rule.rows().filter(pk__in=old), before))
            if chosen:
                rule.forget(chosen)
        yield len(chosen)
        after = page[-1][0]


def _unheld(rows: Rows) -> list[int]:
    """Those that nobody else is about to change, locked."""
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True, of=("self",))
    return list(rows.values_list("pk", flat=True))


def _of_runs_that_ended(rows: Rows, before: datetime) -> Rows:
    return rows.filter(run__finished_at__lt=before)


def _of_chunks_that_ended(rows: Rows, before: datetime) -> Rows:
    del before
    walking = Cohort.objects.across_tenants().filter(chunk=OuterRef("chunk"), open=True)
    return rows.filter(~Exists(walking))


def _told(rows: Rows, before: datetime) -> Rows:
    """Windows that closed, with a digest that has reached everybody, or that nothing stands behind."""
    ended = Q(carrier__finished_at__lt=before) | Q(carrier__isnull=True)
    return rows.filter(ended, closed=True, closes_at__lt=before)


def _deleting(model: type[Model]) -> Callable[[Sequence[int]], None]:
    return lambda ids: _delete(model, "id", ids)


def _delete(model: type[Model], column: str, ids: Sequence[int]) -> None:
    mine, parameters = rowset.any_of(connection, column, ids)
    with connection.cursor() as cursor:
        cursor.execute(f'DELETE FROM "{model._meta.db_table}" WHERE {mine}', parameters)


def _forget_windows(ids: Sequence[int]) -> None:
    _delete(WindowItem, "window_id", ids)
    _delete(Window, "id", ids)


RULES: dict[str, Sequence[Rule]] = {
    "results": (
        Rule(RunResult.objects.all, "free_at", _of_runs_that_ended, _deleting(RunResult)),
        Rule(ChunkResult.objects.all, "created_at", _of_chunks_that_ended, _deleting(ChunkResult)),
    ),
    "acts": (Rule(Act.objects.all, "at", _of_runs_that_ended, _deleting(Act)),),
    "digests": (Rule(Window.objects.across_tenants, "created_at", _told, _forget_windows),),
}
