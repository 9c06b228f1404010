"""What time brings about: leases that ended, deliveries past their time, lanes that nobody woke. Each is found by an
index over open rows, by any number of tickers at once.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from notifications.kernel import rowset
from notifications.kernel.clock import db_now
from notifications.kernel.config import enabled
from notifications.live import watching

from .counters import locked_lanes, save_lanes
from .models import Delivery, Lane
from .settle import finish_attempts
from .signals import announce

LOST_MAX = 3
"""A delivery whose lease was lost this often kills its workers, and is dead."""

BATCH = 500


def sweep() -> None:
    """Everything here, as often as there is a full batch of it. For the ticker."""
    now = db_now()
    while sweep_lost(now=now) >= BATCH:
        pass
    while expire(now=now) >= BATCH:
        pass
    if enabled():
        wake_forgotten(now=now)
        return
    while end_disabled(now=now) >= BATCH:
        pass


def sweep_lost(*, now: datetime, most: int = BATCH) -> int:
    """Take back deliveries whose lease ended: their worker died or hangs. After three times they are dead."""
    at = connection.ops.adapt_datetimefield_value(now)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE \"{Delivery._meta.db_table}\" SET lost = lost + 1, code = 'crash', due_at = %s,"
                " lease_token = NULL, lease_until = NULL,"
                f" wait_reason = CASE WHEN revoked OR lost + 1 >= {LOST_MAX} THEN '' ELSE 'lost' END,"
                " state = CASE WHEN revoked THEN 'cancelled'"
                f" WHEN lost + 1 >= {LOST_MAX} THEN 'dead' ELSE 'pending' END,"
                f" finished_at = CASE WHEN revoked OR lost + 1 >= {LOST_MAX} THEN %s ELSE NULL END"
                f" WHERE {_due('sending', 'lease_until')} AND state = 'sending'"
                " RETURNING id, lane_id, attempt, origin",
                [at, at, at, most],
            )
            rows = cursor.fetchall()
        if rows:
            attempts = [(row, attempt) for row, _, attempt, _ in rows]
            count = len(rows)
            said = ["The worker that sent this did not come back."] * count
            finish_attempts(attempts, results=["lost"] * count, codes=["crash"] * count, details=said, now=now)
            by_lane = Counter(lane for _, lane, _, _ in rows)
            lanes = locked_lanes(by_lane)
            for lane in lanes:
                lane.release(by_lane[lane.pk], now)
            save_lanes(lanes)
            announce([row for row, _, _, _ in rows])
            watching.changed(rowset.uuid_of(origin) for _, _, _, origin in rows)
    return len(rows)


def expire(*, now: datetime, most: int = BATCH) -> int:
    """End what waited past its time; how many."""
    at = connection.ops.adapt_datetimefield_value(now)
    return _end(f"state = 'expired' WHERE {_due('pending', 'expires_at')}", [at, most], at)


def end_disabled(*, now: datetime, most: int = BATCH) -> int:
    """While sending is switched off, end what comes due: it would be a flood of old news when it is switched on again.
    What is not due yet goes on waiting. How many; a replay sends them after all."""
    at = connection.ops.adapt_datetimefield_value(now)
    table = f'"{Delivery._meta.db_table}"'
    due = _unlocked(
        f"SELECT id FROM {table} WHERE state = 'pending' AND lane_id IN ({_WITH_SOMETHING.format(deliveries=table)})"
        " AND due_at <= %s LIMIT %s"
    )
    return _end(f"state = 'cancelled', code = 'disabled' WHERE {due}", [at, at, most], at)


def _end(change_and_rows: str, parameters: list[Any], at: Any) -> int:
    """End what still waits of these rows."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE \"{Delivery._meta.db_table}\" SET wait_reason = '', finished_at = %s, {change_and_rows}"
            " AND state = 'pending' RETURNING id, origin",
            [at, *parameters],
        )
        ended = cursor.fetchall()
        announce([row for row, _ in ended])
        watching.changed(rowset.uuid_of(origin) for _, origin in ended)
    return len(ended)


_WITH_SOMETHING = (
    "WITH RECURSIVE waiting(lane_id) AS (SELECT min(lane_id) FROM {deliveries} WHERE state = 'pending'"
    " UNION ALL SELECT (SELECT min(d.lane_id) FROM {deliveries} d WHERE d.state = 'pending' AND d.lane_id > w.lane_id)"
    " FROM waiting w WHERE w.lane_id IS NOT NULL) SELECT w.lane_id FROM waiting w WHERE EXISTS"
    " (SELECT 1 FROM {deliveries} d WHERE d.lane_id = w.lane_id AND d.state = 'pending' AND d.due_at <= %s)"
)
"""Lanes with something due, and nothing else of them; takes the time. It steps along the index of what waits, from lane
to lane: an entry or two for each lane with something pending, however many lanes and deliveries there are."""


def wake_forgotten(*, now: datetime) -> int:
    """Find parked lanes with something due: their enqueuer died between its commit and the call that wakes them."""
    at = connection.ops.adapt_datetimefield_value
    lanes, deliveries = f'"{Lane._meta.db_table}"', f'"{Delivery._meta.db_table}"'
    parked = (
        f"SELECT l.id FROM {lanes} l WHERE (l.ready_at IS NULL OR l.ready_at > %s) AND l.in_flight < l.cap"
        f" AND l.id IN ({_WITH_SOMETHING.format(deliveries=deliveries)})"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {lanes} SET ready_at = %s WHERE {_unlocked(parked)}",
            [at(now), at(now), at(now - timedelta(seconds=1))],
        )
        return int(cursor.rowcount)


def _due(state: str, column: str) -> str:
    """A condition: rows in this state whose time has come."""
    table = f'"{Delivery._meta.db_table}"'
    return _unlocked(f"SELECT id FROM {table} WHERE state = '{state}' AND {column} <= %s ORDER BY {column} LIMIT %s")


def _unlocked(chosen: str) -> str:
    """A condition: one of these, locked; those that somebody else holds are left for the next time."""
    if connection.vendor == "postgresql":
        return f"id = ANY(ARRAY({chosen} FOR UPDATE SKIP LOCKED))"
    return f"id IN ({chosen})"
