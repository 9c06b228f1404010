"""The settings of this app: `NOTIFYHUB["WORKFLOWS"]`."""

from __future__ import annotations

from dataclasses import dataclass

from notifications.kernel.config import section


@dataclass(frozen=True)
class WorkflowsSettings:
    """`lease_seconds`: how long a worker may hold a cohort before another takes it over. `tries`: how often a cohort
    may fail before its people are given up, with the reason; `losses`: how often its worker may be lost, which is
    rarely the cohort's fault, and so many more. `idempotency_hours`: how long a key counts. `fetch_patience`: for how
    many seconds a `fetch` waits for its answer before it lets others go first.
    """

    lease_seconds: int = 30
    tries: int = 3
    losses: int = 20
    idempotency_hours: int = 24
    fetch_patience: float = 0.5
    keep_results_days: int = 7
    keep_acts_days: int = 90
    keep_digests_days: int = 90


conf = section("WORKFLOWS", WorkflowsSettings)

CHUNK = 1_000
"""(run, person) pairs of one chunk, at most: the unit in which recipients are resolved, stepped and stored."""

DRAIN_SECONDS = 20.0
"""A drain works no longer than this at a stretch, then rings again, so that a worker can be stopped."""
