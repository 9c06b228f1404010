"""Lanes in hand: their counters and their health, read under the lock and written back in one statement, however many
things happened to them in between."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from notifications.kernel import rowset

from .breaker import FIRST_PROBE, Health, after_success
from .models import Delivery, Lane
from .outcome import Accepted, Delivered, Ending, Permanent, Temporary
from .retry import PATIENCE_MAX, PAUSE_MAX

_ILL = {"timeout", "network", "provider", "rate_limited"}


FROM_A_LANE = 8
"""Deliveries that a lane starts in one claim: then it is another lane's turn."""

STEP_ASIDE = timedelta(seconds=0.5)
"""For how long a lane is left alone whose due rows somebody else holds, in a cancel that is not committed yet."""


@dataclass(slots=True)
class HeldLane:
    """The moving parts of a lane whose row we hold. A model would cost more than all that is done with it.

    After `look`, `room` is how many it may start, `offered` how many were found due, and `taken` how many start.
    """

    pk: int
    tenant_id: int
    urgency: int
    cap: int
    in_flight: int
    rate: float | None
    tokens: float
    refilled_at: datetime | None
    ready_at: datetime | None
    open_at: datetime | None
    breaker: str
    failures: int
    history: int
    results: int
    probe_after: int
    looked: bool = False
    room: int = 0
    offered: int = 0
    taken: int = 0

    def is_ready(self, now: datetime) -> bool:
        """Something may be due, and may start."""
        open_now = self.open_at is None or self.open_at <= now
        return self.ready_at is not None and self.ready_at <= now and open_now and self.in_flight < self.cap

    def look(self, now: datetime, *, most: int) -> None:
        """Find out how many may start: `most` at most, and one, a probe, while the breaker is not closed."""
        self.looked, self.room = True, min(self.cap - self.in_flight, FROM_A_LANE, most)
        if self.breaker != "closed":
            self.room = 1 if self.in_flight == 0 else 0
        if self.rate is None:
            return
        full = max(self.rate, 1.0)  # a bucket of one second's worth, and of one send at least; full at first
        waited = (now - self.refilled_at).total_seconds() if self.refilled_at else full / self.rate
        self.tokens = min(full, self.tokens + max(waited, 0.0) * self.rate)
        self.refilled_at = max(self.refilled_at or now, now)  # clocks of processes differ: no moment counts twice
        self.room = min(self.room, int(self.tokens + 1e-6))

    def start(self) -> None:
        """Those that were taken are under way."""
        self.in_flight += self.taken
        if self.rate is not None:
            self.tokens -= self.taken
        if self.taken and self.breaker != "closed":
            self.breaker = "probing"

    def not_before(self, now: datetime) -> datetime:
        """When it can start the next one: now, behind the others that wait, or later. One that did not get its turn
        keeps its place."""
        if self.offered and not self.taken and self.ready_at is not None:
            return self.ready_at
        if self.rate is not None and self.tokens < 1 - 1e-6:
            return now + timedelta(seconds=(1 - self.tokens) / self.rate)
        # There was room for more than could be had: what else is due, somebody else holds.
        return now + STEP_ASIDE if self.taken == self.offered < self.room else now

    def release(self, count: int, now: datetime) -> None:
        """So many are not under way any more; have the lane looked at."""
        self.in_flight = max(self.in_flight - count, 0)
        self.ready_at = min(self.ready_at or now, now)

    def learn(self, outcome: Ending, now: datetime) -> None:
        """A refusal of one message says nothing about the way; silence, errors and being asked to slow down do. So does
        an answer, unless it is our own: what was set up wrongly was never asked."""
        ill = isinstance(outcome, Temporary | Permanent) and outcome.code in _ILL
        own = isinstance(outcome, Permanent) and outcome.code == "config"
        good = isinstance(outcome, Delivered | Accepted | Permanent) and not ill and not own
        if good and self.breaker == "closed":
            self.failures = 0
            self.history, self.results = after_success(self.history, self.results)
        elif ill or good:
            health = Health(self.breaker, self.failures, self.history, self.results, self.probe_after, self.open_at)
            after = health.after(ill, now=now)
            self.breaker, self.failures, self.history = after.state, after.failures, after.history
            self.results, self.probe_after, self.open_at = after.results, after.probe_after, after.open_at
        if not isinstance(outcome, Temporary) or outcome.alone:
            return
        if outcome.slow_lane or (outcome.retry_after or 0) > PATIENCE_MAX:
            until = now + timedelta(seconds=min(outcome.retry_after or FIRST_PROBE, PAUSE_MAX))
            self.open_at = max(self.open_at or until, until)

    def forgive(self, now: datetime) -> None:
        """Close the breaker, whatever it knew, and look at the lane now."""
        healthy = Health()
        self.breaker, self.failures, self.history = healthy.state, healthy.failures, healthy.history
        self.results, self.probe_after, self.open_at = healthy.results, healthy.probe_after, healthy.open_at
        self.ready_at = now


_MOVING = (
    *("in_flight", "tokens", "refilled_at", "ready_at", "open_at"),
    *("breaker", "failures", "history", "results", "probe_after"),
)
"""What changes; the columns before them are the operator's and the enqueuer's."""

_COLUMNS = ["id", "tenant_id", "urgency", "cap", "in_flight", "rate", *_MOVING[1:]]
_TABLE = f'"{Lane._meta.db_table}"'


def locked_lanes(ids: Collection[int]) -> list[HeldLane]:
    """These lanes, locked in the order of their ids."""
    return _locked(ids, "", [], "FOR NO KEY UPDATE" if connection.features.has_select_for_update else "")


def ready_lanes_locked(ids: Collection[int], *, now: datetime) -> list[HeldLane]:
    """Those of these lanes that are ready, locked. Those that others hold are left out."""
    at = connection.ops.adapt_datetimefield_value(now)
    ready = " AND ready_at <= %s AND (open_at IS NULL OR open_at <= %s) AND in_flight < cap"
    skipping = connection.features.has_select_for_update_skip_locked
    return _locked(ids, ready, [at, at], "FOR NO KEY UPDATE SKIP LOCKED" if skipping else "")


def _locked(ids: Collection[int], where: str, given: list[Any], locking: str) -> list[HeldLane]:
    chosen, parameters = rowset.any_of(connection, "id", list(ids))
    as_text = "::text" if connection.vendor == "postgresql" else ""  # which its driver reads ten times as fast
    columns = ", ".join(f"{name}{as_text}" if _TYPES.get(name) == "timestamptz" else name for name in _COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns} FROM {_TABLE} WHERE {chosen}{where} ORDER BY id {locking}",
            [*parameters, *given],
        )
        rows = cursor.fetchall()
    lanes = [HeldLane(*row) for row in rows]
    for lane in lanes:
        lane.refilled_at = rowset.moment(lane.refilled_at)
        lane.ready_at, lane.open_at = rowset.moment(lane.ready_at), rowset.moment(lane.open_at)
    return lanes


ALIVE = "finished_at IS NULL AND state = 'pending' AND (expires_at IS NULL OR expires_at > %s)"
"""What may still be sent; takes the time. Those past their time are ended by `expire`, and never sent meanwhile."""


def save_lanes(held: Iterable[HeldLane], *, now: datetime) -> None:
    """Write locked lanes back, in one statement.

    Those that were looked at are looked at next when their next delivery is due, as far as their rate allows; they are
    parked (NULL) when nothing waits, or while they are full: then `settle` or an enqueue brings them back.
    """
    lanes = list(held)
    if not lanes:
        return
    at = connection.ops.adapt_datetimefield_value

    def spelled(moments: Iterable[datetime | None]) -> list[str | None]:
        return [None if moment is None else str(at(moment)) for moment in moments]

    columns: dict[str, rowset.Column] = {"id": ("bigint", [lane.pk for lane in lanes])}
    for name in _MOVING:
        values, kind = [getattr(lane, name) for lane in lanes], _TYPES[name]
        columns[name] = kind, spelled(values) if kind == "timestamptz" else values
    columns["parked"] = "int", [int(_is_full(lane)) for lane in lanes]
    columns["looked"] = "int", [int(lane.looked) for lane in lanes]
    columns["soonest"] = "timestamptz", spelled(lane.not_before(now) for lane in lanes)
    source, parameters = rowset.table(connection, "t", columns)
    upcoming = (
        f'SELECT d.due_at FROM "{Delivery._meta.db_table}" d WHERE t.looked = 1 AND t.parked = 0 AND d.lane_id = t.id'
        f" AND {ALIVE} ORDER BY d.due_at, d.id LIMIT 1"
    )
    larger = "greatest" if connection.vendor == "postgresql" else "max"
    next_look = (
        f"CASE WHEN t.looked = 0 THEN t.ready_at ELSE (SELECT {larger}(n.due_at, t.soonest) FROM ({upcoming}) AS n) END"
    )
    changes = ", ".join(f"{name} = {next_look if name == 'ready_at' else f't.{name}'}" for name in _MOVING)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {_TABLE} SET {changes} FROM {source} WHERE {_TABLE}.id = t.id", [at(now), *parameters])


_TYPES = dict.fromkeys(_MOVING, "int") | {
    "tokens": "float8",
    "breaker": "text",
    **dict.fromkeys(("refilled_at", "ready_at", "open_at"), "timestamptz"),
}


def _is_full(lane: HeldLane) -> bool:
    return lane.in_flight >= lane.cap or (lane.breaker != "closed" and lane.in_flight > 0)
