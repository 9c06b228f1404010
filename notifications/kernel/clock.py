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
        self._known: tuple[float, datetime] | None = None
        """A moment of ours, and what the database said right after it: in one, because several threads may ask."""

    def now(self) -> datetime:
        """As `db_now`, or later than it by no more than the asking took and two clocks differ in a second."""
        before, known = time.monotonic(), self._known
        if known is None or before - known[0] >= self.ASK_EVERY:
            known = self._known = before, db_now()
        return known[1] + timedelta(seconds=time.monotonic() - known[0])
