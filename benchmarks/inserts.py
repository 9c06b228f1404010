"""The yardstick for digests: the rows that one leaves behind, put by plain inserts into tables of the same shape.

The tables are copies of ours with their keys, constraints and indexes, and without what makes a digest one: nobody
looks for an open window, closes it, or counts anybody's changes.
"""

from __future__ import annotations

import time
from itertools import count
from typing import Any

import psycopg

from .harness import Slice

COPIES = {
    "bench_window": "notifyhub_workflows_window",
    "bench_windowitem": "notifyhub_workflows_windowitem",
    "bench_inboxitem": "notifyhub_notifications_inboxitem",
}
BATCH = 1_000
WINDOWS = (
    "INSERT INTO bench_window (tenant_id, scope, recipient_id, definition_id, step, n, closes_at, latest_at, closed,"
    " carrier_id, created_at) SELECT 1, %(scope)s, p, %(hash)s, '0.then.0', 1, now(), now(), true, %(n)s, now()"
    " FROM unnest(%(people)s::bigint[]) p"
)
EVENTS = (
    "INSERT INTO bench_windowitem (run_id, step, recipient_id, window_id)"
    " SELECT %(n)s, '0.then.0', p, %(n)s * 1000000 + p FROM unnest(%(people)s::bigint[]) p"
)
ITEMS = (
    "INSERT INTO bench_inboxitem (recipient_id, seq, rev, notification_id, tab, thread, state, read_at, forced)"
    " SELECT p, %(n)s, %(n)s, %(n)s, 0, NULL, 0, NULL, false FROM unnest(%(people)s::bigint[]) p"
)


class Inserts:
    def __init__(self, connection: psycopg.Connection[Any], *, people: int) -> None:
        self._connection, self._people, self._numbers = connection, list(range(1, people + 1)), count(1)
        for copy, table in COPIES.items():
            connection.execute(f"CREATE TABLE {copy} (LIKE {table} INCLUDING ALL)")

    def rows_of(self, people: int) -> Slice:
        """A window, an item in it and one in the inbox for each of so many people."""
        shared = {"n": next(self._numbers), "scope": "5" * 64, "hash": "a" * 64}
        start = time.perf_counter()
        for first in range(0, people, BATCH):
            with self._connection.transaction():
                for statement in (WINDOWS, EVENTS, ITEMS):
                    self._connection.execute(statement, {**shared, "people": self._people[first : first + BATCH]})
        return Slice(people, time.perf_counter() - start)
