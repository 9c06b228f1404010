"""Lanes in hand: their counters and their health, read under the lock and written back in one statement."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from django.db import connection

from notifications.kernel import rowset

from .breaker import FIRST_PROBE, Health
from .models import Lane
from .outcome import Accepted, Delivered, Ending, Permanent, Temporary
from .retry import PATIENCE_MAX

PAUSE_MAX = 24 * 3600.0
"""The longest that a receiver can make its whole way out wait by one Retry-After, in seconds."""

_ILL = {"timeout", "network", "provider", "rate_limited"}


@dataclass(slots=True)
class HeldLane:
    """The moving parts of a lane whose row we hold. A model would cost more than all that is done with it."""

    pk: int
    in_flight: int
    ready_at: datetime | None
    open_at: datetime | None
    breaker: str
    failures: int
    history: int
    results: int
    probe_after: int

    def release(self, count: int, now: datetime) -> None:
        """So many are not under way any more; have the lane looked at."""
        self.in_flight = max(self.in_flight - count, 0)
        self.ready_at = min(self.ready_at or now, now)

    def learn(self, outcome: Ending, now: datetime) -> None:
        """A refusal of one message says nothing about the way; silence, errors and being asked to slow down do."""
        ill = isinstance(outcome, Temporary) and outcome.code in _ILL
        if ill or isinstance(outcome, Delivered | Accepted | Permanent):
            health = Health(self.breaker, self.failures, self.history, self.results, self.probe_after, self.open_at)
            after = health.after(ill, now=now)
            self.breaker, self.failures, self.history = after.state, after.failures, after.history
            self.results, self.probe_after, self.open_at = after.results, after.probe_after, after.open_at
        if isinstance(outcome, Temporary) and (outcome.slow_lane or (outcome.retry_after or 0) > PATIENCE_MAX):
            until = now + timedelta(seconds=min(outcome.retry_after or FIRST_PROBE, PAUSE_MAX))
            self.open_at = max(self.open_at or until, until)

    def forgive(self, now: datetime) -> None:
        """Close the breaker, whatever it knew, and look at the lane now."""
        healthy = Health()
        self.breaker, self.failures, self.history = healthy.state, healthy.failures, healthy.history
        self.results, self.probe_after, self.open_at = healthy.results, healthy.probe_after, healthy.open_at
        self.ready_at = now


_COLUMNS = [field.name if field.name != "pk" else "id" for field in fields(HeldLane)]
_TABLE = f'"{Lane._meta.db_table}"'


def locked_lanes(ids: Collection[int]) -> list[HeldLane]:
    """These lanes, locked in the order of their ids."""
    chosen, parameters = rowset.any_of(connection, "id", list(ids))
    locking = "FOR NO KEY UPDATE" if connection.features.has_select_for_update else ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(_COLUMNS)} FROM {_TABLE} WHERE {chosen} ORDER BY id {locking}", parameters)
        rows = cursor.fetchall()
    lanes = [HeldLane(*row) for row in rows]
    for lane in lanes:
        lane.ready_at, lane.open_at = rowset.moment(lane.ready_at), rowset.moment(lane.open_at)
    return lanes


def save_lanes(lanes: Sequence[HeldLane]) -> None:
    """Write locked lanes back, in one statement."""
    at = connection.ops.adapt_datetimefield_value
    columns: dict[str, rowset.Column] = {
        "id": ("bigint", [lane.pk for lane in lanes]),
        "breaker": ("text", [str(lane.breaker) for lane in lanes]),
        "ready_at": ("timestamptz", [lane.ready_at and str(at(lane.ready_at)) for lane in lanes]),
        "open_at": ("timestamptz", [lane.open_at and str(at(lane.open_at)) for lane in lanes]),
    }
    for name in ("in_flight", "failures", "history", "results", "probe_after"):
        columns[name] = ("int", [getattr(lane, name) for lane in lanes])
    source, parameters = rowset.table(connection, "t", columns)
    changes = ", ".join(f"{name} = t.{name}" for name in columns if name != "id")
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {_TABLE} SET {changes} FROM {source} WHERE {_TABLE}.id = t.id", parameters)
