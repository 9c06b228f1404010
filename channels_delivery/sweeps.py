"""What time brings about: leases that ended, deliveries past their time, lanes that nobody woke. Each is found by an
index over open rows, by any number of tickers at once.
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from notifications.kernel import rowset
from notifications.kernel.clock import db_now
from notifications.kernel.config import enabled
from notifications.live import watching

from . import failover
from .confidential import forget_words
from .counters import locked_lanes, save_lanes
from .models import Delivery, Lane, Lease, State
from .signals import announce
from .verdicts import Verdict, finish_attempts

LOST_MAX = 3
"""A delivery whose lease was lost this often kills its workers, and is dead."""

BATCH = 500


LEASES = 200
"""Ended leases that are looked at in one transaction."""


def sweep() -> None:
    """Everything here, as often as there is a full batch of it. For the ticker."""
    now = db_now()
    sweep_lost(now=now)
    while expire(now=now) >= BATCH:
        pass
    if enabled():
        while failover.sweep(now=now) >= failover.BATCH:
            pass
        wake_forgotten(now=now)
        return
    while end_disabled(now=now) >= BATCH:
        pass


def sweep_lost(*, now: datetime) -> int:
    """Take back deliveries whose lease ended: their worker died or hangs. After three times they are dead. How many."""
    lost, done = 0, LEASES
    while done >= LEASES:
        with transaction.atomic():
            leases = _ended_leases(now)
            found, done = _take_back(leases, now) if leases else (0, 0)
        lost += found
    return lost


def _ended_leases(now: datetime) -> dict[uuid.UUID, list[int]]:
    """Leases whose time is over, locked: their tokens, and what each took."""
    ended = Lease.objects.filter(until__lte=now).order_by("until").select_for_update(skip_locked=True)
    return dict(ended.values_list("token", "deliveries")[:LEASES])


def _take_back(leases: Mapping[uuid.UUID, Sequence[int]], now: datetime) -> tuple[int, int]:
    """Take back what of these leases is still held: how many, and how many leases are done with. One stays while
    somebody else holds a row of it."""
    held = [row for rows in leases.values() for row in rows]
    at, tokens = connection.ops.adapt_datetimefield_value(now), [rowset.uuid_text(connection, one) for one in leases]
    mine, ids = rowset.any_of(connection, "id", held)
    ours, theirs = rowset.any_of(connection, "lease_token", tokens, kind="uuid")
    still = f"SELECT id FROM {_DELIVERY} WHERE {mine} AND {ours} AND state = 'sending'"
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {_DELIVERY} SET lost = lost + 1, code = 'crash', due_at = %s,"
            " lease_token = NULL, lease_until = NULL,"
            f" wait_reason = CASE WHEN revoked OR lost + 1 >= {LOST_MAX} THEN '' ELSE 'lost' END,"
            " state = CASE WHEN revoked THEN 'cancelled'"
            f" WHEN lost + 1 >= {LOST_MAX} THEN 'dead' ELSE 'pending' END,"
            f" finished_at = CASE WHEN revoked OR lost + 1 >= {LOST_MAX} THEN %s ELSE NULL END"
            f" WHERE {_unlocked(still + ' ORDER BY id')} AND state = 'sending'"
            " RETURNING id, lane_id, attempt, origin",
            [at, at, *ids, *theirs],
        )
        rows = cursor.fetchall()
        cursor.execute(still.replace("SELECT id", "SELECT DISTINCT lease_token", 1), [*ids, *theirs])
        left = {rowset.uuid_of(token) for (token,) in cursor.fetchall()}
    done = set(leases) - left
    Lease.objects.filter(token__in=done).delete()
    if rows:
        attempts = [(row, attempt) for row, _, attempt, _ in rows]
        said = "The worker that sent this did not come back."
        finish_attempts(attempts, Verdict(State.PENDING, "crash", said, wait_reason="lost"), now=now)
        by_lane = Counter(lane for _, lane, _, _ in rows)
        lanes = locked_lanes(by_lane)
        for lane in lanes:
            lane.release(by_lane[lane.pk], now)
        save_lanes(lanes, now=now)
        announce([row for row, _, _, _ in rows])
        watching.changed(rowset.uuid_of(origin) for _, _, _, origin in rows)
    return len(rows), len(done)


FORGOTTEN = timedelta(minutes=10)


def note_forgotten() -> int:
    """Give a lease to what is under way without one, so that it is found when that ends; how many. A release before
    leases had rows of their own may have claimed it, and died. For the ticker, now and then: it looks at all that is
    open."""
    now = db_now()
    held: dict[uuid.UUID, list[int]] = defaultdict(list)
    open_ones = Delivery.objects.across_tenants().filter(finished_at=None, state=State.SENDING)
    for token, row in open_ones.filter(lease_until__lt=now - FORGOTTEN).values_list("lease_token", "pk"):
        if token is not None:
            held[token].append(row)
    known = set(Lease.objects.filter(token__in=held).values_list("token", flat=True))
    found = [Lease(token=token, until=now, deliveries=rows) for token, rows in held.items() if token not in known]
    return len(Lease.objects.bulk_create(found, ignore_conflicts=True))


def expire(*, now: datetime, most: int = BATCH) -> int:
    """End what waited past its time; how many."""
    at = connection.ops.adapt_datetimefield_value(now)
    due = _unlocked(
        f"SELECT id FROM {_DELIVERY} WHERE finished_at IS NULL AND state = 'pending' AND expires_at <= %s"
        " ORDER BY expires_at LIMIT %s"
    )
    return _end(f"state = 'expired' WHERE {due}", [at, most], now)


def end_disabled(*, now: datetime, most: int = BATCH) -> int:
    """While sending is switched off, end what comes due: it would be a flood of old news when it is switched on again.
    What is not due yet goes on waiting. How many; a replay sends them after all."""
    at = connection.ops.adapt_datetimefield_value(now)
    lanes = _WITH_SOMETHING.format(deliveries=_DELIVERY)
    due = _unlocked(
        f"SELECT id FROM {_DELIVERY} WHERE finished_at IS NULL AND state = 'pending' AND lane_id IN ({lanes})"
        " AND due_at <= %s LIMIT %s"
    )
    return _end(f"state = 'cancelled', code = 'disabled' WHERE {due}", [at, at, most], now)


def _end(change_and_rows: str, parameters: list[Any], now: datetime) -> int:
    """End what still waits of these rows."""
    at = connection.ops.adapt_datetimefield_value(now)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {_DELIVERY} SET wait_reason = '', finished_at = %s, {change_and_rows}"
            " AND state = 'pending' RETURNING id, origin",
            [at, *parameters],
        )
        ended = cursor.fetchall()
        if ended:
            forget_words([row for row, _ in ended], now=now)
        announce([row for row, _ in ended])
        watching.changed(rowset.uuid_of(origin) for _, origin in ended)
    return len(ended)


_WITH_SOMETHING = (
    "WITH RECURSIVE open(lane_id) AS (SELECT min(lane_id) FROM {deliveries} WHERE finished_at IS NULL UNION ALL"
    " SELECT (SELECT min(d.lane_id) FROM {deliveries} d WHERE d.finished_at IS NULL AND d.lane_id > o.lane_id)"
    " FROM open o WHERE o.lane_id IS NOT NULL) SELECT o.lane_id FROM open o WHERE EXISTS (SELECT 1 FROM {deliveries} d"
    " WHERE d.lane_id = o.lane_id AND d.finished_at IS NULL AND d.state = 'pending' AND d.due_at <= %s)"
)
"""Lanes with something due, and nothing else of them; takes the time. It steps along the index of what is open, from
lane to lane: an entry or two for each lane with something open, and past what is under way, which its cap bounds."""


def wake_forgotten(*, now: datetime) -> int:
    """Find parked lanes with something due: their enqueuer died between its commit and the call that wakes them."""
    at = connection.ops.adapt_datetimefield_value
    lanes = f'"{Lane._meta.db_table}"'
    parked = (
        f"SELECT l.id FROM {lanes} l WHERE (l.ready_at IS NULL OR l.ready_at > %s) AND l.in_flight < l.cap"
        f" AND l.id IN ({_WITH_SOMETHING.format(deliveries=_DELIVERY)})"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {lanes} SET ready_at = %s WHERE {_unlocked(parked)}",
            [at(now), at(now), at(now - timedelta(seconds=1))],
        )
        return int(cursor.rowcount)


def _unlocked(chosen: str) -> str:
    """A condition: one of these, locked; those that somebody else holds are left for the next time."""
    if connection.vendor == "postgresql":
        return f"id = ANY(ARRAY({chosen} FOR UPDATE SKIP LOCKED))"
    return f"id IN ({chosen})"


_DELIVERY = f'"{Delivery._meta.db_table}"'
