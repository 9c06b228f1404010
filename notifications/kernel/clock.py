"""The one clock. The outermost verb reads it once and passes `now` down; no `now()` in SQL below it."""

from __future__ import annotations

from datetime import datetime

from django.db import connections
from django.utils import timezone


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
