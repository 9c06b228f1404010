"""When an inhibition was kept going lately, and with which values: for a preview."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Min, OuterRef, Subquery

from .hearing import ACKNOWLEDGED
from .inhibiting import Values, candidates, keys_of, payload_of
from .matching import WhileActive, fits_any
from .models import Act

RUNS_MAX = 5_000

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class History:
    """By the values that have to be equal, the times at which something was active; ascending, none touching another.
    `cut_short`: there was more than was looked at."""

    going: WhileActive
    spans: Mapping[Values, Sequence[Span]]
    cut_short: bool = False

    @classmethod
    def of(cls, tenant: int, going: WhileActive, *, since: datetime, until: datetime) -> History:
        """Of the newest five thousand runs that may have begun or ended it. Two queries."""
        paths = going.paths
        acts = Act.objects.filter(run=OuterRef("pk"), kind=ACKNOWLEDGED).values("run").annotate(first=Min("at"))
        runs = candidates(tenant, paths, cancelled=True).filter(
            workflow__in=keys_of([going], tenant),
            start_at__gt=since - timedelta(seconds=going.seconds),
            start_at__lte=until,
        )
        rows = runs.annotate(acknowledged_at=Subquery(acts.values("first"))).order_by("-start_at", "-pk")
        columns = [f"at_{place}" for place in range(len(paths))]
        past: Any = rows.values_list("workflow", "start_at", "cancelled_at", "acknowledged_at", *columns)[:RUNS_MAX]
        found = [_Past(key, at, (gone, told), payload_of(paths, values)) for key, at, gone, told, *values in past]
        return cls(going, _spans(going, found), len(found) == RUNS_MAX)

    @classmethod
    def none(cls) -> History:
        """Of a silence, which nothing has to keep going."""
        return cls(WhileActive(()), {})

    def held(self, key: str, payload: Mapping[str, Any], *, at: datetime) -> bool:
        """Whether it would have held back what a run of this workflow sent at its start."""
        values = self.going.values(payload)
        if values is None or self.going.keeps_going(key, payload):
            return False
        spans = self.spans.get(values, ())
        place = bisect_right(spans, at, key=lambda span: span[0]) - 1
        return place >= 0 and at < spans[place][1]


@dataclass(frozen=True)
class _Past:
    """A run, when it started, and when something ended it."""

    workflow: str
    at: datetime
    ends: Sequence[datetime | None]
    payload: Mapping[str, Any]


def _spans(going: WhileActive, runs: Sequence[_Past]) -> dict[Values, list[Span]]:
    begun, resolved = defaultdict[Values, list[_Past]](list), defaultdict[Values, list[datetime]](list)
    for run in reversed(runs):  # by their start
        values = going.values(run.payload)
        if values is None:
            continue
        if going.keeps_going(run.workflow, run.payload):
            begun[values].append(run)
        if fits_any(run.workflow, going.resolved_by) and not run.ends[0]:
            resolved[values].append(run.at)
    return {values: _joined(some, resolved[values], going) for values, some in begun.items()}


def _joined(runs: Sequence[_Past], resolved: Sequence[datetime], going: WhileActive) -> list[Span]:
    found: list[Span] = []
    for run in runs:
        later = resolved[bisect_left(resolved, run.at) :][:1]
        latest = run.at + timedelta(seconds=going.seconds)
        end = min([latest, *(one for one in (*run.ends, *later) if one is not None)])
        if found and run.at <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((run.at, end))
    return found
