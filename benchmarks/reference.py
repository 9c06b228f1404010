"""The yardstick for fan-out: COPY into a plain table, the fastest way a Python program fills one.

The table is what a careful person would make for an inbox: bigserial key, the recipient with a foreign key, the
notification, when, and the two indexes that a list by person and a count by notification need.
"""

from __future__ import annotations

import time
from typing import Any

import psycopg

from .harness import Slice

TABLES = """
CREATE TABLE bench_person (id bigserial PRIMARY KEY, name text NOT NULL);
CREATE TABLE bench_inbox (
    id bigserial PRIMARY KEY,
    recipient_id bigint NOT NULL REFERENCES bench_person (id),
    notification_id bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX bench_inbox_recipient ON bench_inbox (recipient_id, created_at);
CREATE INDEX bench_inbox_notification ON bench_inbox (notification_id);
"""


class Reference:
    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._notification = 1_000_000
        connection.execute(TABLES)

    def preload(self, *, people: int, items: int) -> None:
        """`items` rows dealt out to `people` round by round, as fan-outs of the past would have left them."""
        self._connection.execute(
            "INSERT INTO bench_person (name) SELECT 'Person ' || g FROM generate_series(1, %s) g", (people,)
        )
        self._connection.execute(
            "INSERT INTO bench_inbox (recipient_id, notification_id, created_at)"
            " SELECT 1 + g %% %s, 1 + g / %s, now() - interval '1 day' + g * interval '1 millisecond'"
            " FROM generate_series(0, %s - 1) g",
            (people, people, items),
        )

    def copy(self, *, rows: int) -> Slice:
        """One row for each of the first `rows` people, committed."""
        self._notification += 1
        start = time.perf_counter()
        with (
            self._connection.transaction(),
            self._connection.cursor() as cursor,
            cursor.copy("COPY bench_inbox (recipient_id, notification_id) FROM STDIN") as copy,
        ):
            for person in range(1, rows + 1):
                copy.write_row((person, self._notification))
        return Slice(rows, time.perf_counter() - start)
