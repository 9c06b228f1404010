"""The one clock. The outermost verb reads it once and passes `now` down; no `now()` in SQL below it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.db import connections
from django.utils import timezone

Clock = Callable[[], datetime]
"""For a verb that looks at the time more than once: the database's clock, or a virtual one."""


EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
"""Between these lie the times about which somebody may ask: far enough from both ends of the calendar for every zone
and all that a workflow may wait."""
BETWEEN = f"Lies between the years {EARLIEST.year} and {LATEST.year}."


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
        self._known: tuple[float, float, datetime] | None = None
        """Moments of ours before and after the database was asked, and what it said between them: in one, because
        several threads may ask."""

    def now(self) -> datetime:
        """As `db_now`, or earlier than it by no more than the asking took, and two clocks differ in a second: for what
        is written down."""
        _, after, said = self._asked()
        return said + timedelta(seconds=time.monotonic() - after)

    def now_or_later(self) -> datetime:
        """The same, but later than it by no more than that: for whoever asks what is due, and is to miss nothing that
        was committed."""
        before, _, said = self._asked()
        return said + timedelta(seconds=time.monotonic() - before)

    def _asked(self) -> tuple[float, float, datetime]:
        before, known = time.monotonic(), self._known
        if known is None or before - known[0] >= self.ASK_EVERY:
            said = db_now()
            known = self._known = before, time.monotonic(), said
        return known
