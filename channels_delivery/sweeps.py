"""What time brings about: leases that ended, deliveries past their time, lanes that nobody woke. Each is found by an
index over open rows, by any number of tickers at once.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from django.db import connection, transaction

from notifications.kernel.clock import db_now

from .models import Delivery, Lane
from .settle import finish_attempts, locked_lanes, release, save_lanes

LOST_MAX = 3
"""A delivery whose lease was lost this often kills its workers, and is dead."""

BATCH = 500


def sweep() -> None:
    """Everything here, as often as there is a full batch of it. For the ticker."""
    now = db_now()
    wake_forgotten(now=now)
    while sweep_lost(now=now) >= BATCH:
        pass
    while expire(now=now) >= BATCH:
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
                f" WHERE {_due('sending', 'lease_until')} AND state = 'sending' RETURNING id, lane_id, attempt",
                [at, at, at, most],
            )
            rows = cursor.fetchall()
        if rows:
            attempts = [(row, attempt) for row, _, attempt in rows]
            count = len(rows)
            said = ["The worker that sent this did not come back."] * count
            finish_attempts(attempts, results=["lost"] * count, codes=["crash"] * count, details=said, now=now)
            by_lane = Counter(lane for _, lane, _ in rows)
            lanes = locked_lanes(list(by_lane))
            for lane in lanes:
                release(lane, by_lane[lane.pk], now)
            save_lanes(lanes)
    return len(rows)


def expire(*, now: datetime, most: int = BATCH) -> int:
    """End what waited past its time; how many."""
    at = connection.ops.adapt_datetimefield_value(now)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE \"{Delivery._meta.db_table}\" SET state = 'expired', wait_reason = '', finished_at = %s"
            f" WHERE {_due('pending', 'expires_at')} AND state = 'pending'",
            [at, at, most],
        )
        return int(cursor.rowcount)


def wake_forgotten(*, now: datetime) -> int:
    """Find parked lanes with something due: their enqueuer died between its commit and the call that wakes them."""
    at = connection.ops.adapt_datetimefield_value
    lanes, deliveries = f'"{Lane._meta.db_table}"', f'"{Delivery._meta.db_table}"'
    parked = (
        f"SELECT l.id FROM {lanes} l WHERE (l.ready_at IS NULL OR l.ready_at > %s) AND l.in_flight < l.cap"
        f" AND EXISTS (SELECT 1 FROM {deliveries} d WHERE d.lane_id = l.id AND d.state = 'pending' AND d.due_at <= %s)"
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
