"""The one clock. The outermost verb reads it once and passes `now` down; no `now()` in SQL below it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connections
from django.utils import timezone

Clock = Callable[[], datetime]
"""For a verb that looks at the time more than once: the database's clock, or a virtual one."""


def db_now(using: str = "default") -> datetime:
    """The database server's clock, aware, in UTC, with microseconds.

    SQLite lives in this process, so its clock is ours. On PostgreSQL this is `clock_timestamp()`, which moves
    on inside a transaction, so a long one does not see stale time.
    """
    connection = connections[using]
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


class RunningClock:
    """The database's clock for a loop that looks at it many times a second: asked once a second, and carried on in
    between by the time that this process saw pass."""

    ASK_EVERY = 1.0

    def __init__(self) -> None:
        self._asked_at = float("-inf")
        self._then: datetime

    def now(self) -> datetime:
        """As `db_now`, never earlier than it said before by more than the difference of two clocks in a second."""
        passed = time.monotonic() - self._asked_at
        if passed >= self.ASK_EVERY:
            self._then, self._asked_at, passed = db_now(), time.monotonic(), 0.0
        return self._then + timedelta(seconds=passed)
