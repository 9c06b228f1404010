"""The benchmark's own PostgreSQL databases: made anew for each scenario, and asked for facts and counters."""

from __future__ import annotations

import os
import time
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

PREFIX = "notifyhub_bench"


def url(suffix: str = "") -> str:
    """The address of the benchmark's database; `suffix` names a sister on the same server."""
    return os.environ.get("BENCH_DATABASE_URL", f"postgres://postgres@127.0.0.1:5432/{PREFIX}") + suffix


def recreate(address: str) -> None:
    """Drop and create the database. Refuses any whose name does not say that it is ours to drop."""
    name = urlsplit(address).path.lstrip("/")
    if not name.startswith(PREFIX):
        raise SystemExit(f"refusing to drop {name!r}: the name of a benchmark database starts with {PREFIX!r}")
    with psycopg.connect(libpq(maintenance(address)), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def connect(address: str) -> psycopg.Connection[Any]:
    return psycopg.connect(libpq(address), autocommit=True)


def libpq(address: str) -> str:
    return address.replace("postgres://", "postgresql://", 1)


def maintenance(address: str) -> str:
    parts = urlsplit(address)
    return parts._replace(path="/postgres").geturl()


def facts(address: str) -> dict[str, str]:
    """Version and the settings that decide how durable, and so how fast, a commit is."""
    names = ["fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "work_mem", "max_wal_size"]
    with psycopg.connect(libpq(maintenance(address)), autocommit=True) as connection:
        found = {name: str(scalar(connection, f"SELECT current_setting('{name}')")) for name in names}
        return {"server_version": str(scalar(connection, "SHOW server_version")), **found}


def settle(connection: psycopg.Connection[Any], *tables: str) -> None:
    """Statistics, visibility maps and dirty pages in order, so that no side starts with the other's debts."""
    for table in tables:
        connection.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(table)))
    connection.execute("CHECKPOINT")


class Counter:
    """Commits and connections of a database while a `with` block runs (from the server's own statistics)."""

    commits = 0
    connections = 0

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def __enter__(self) -> Counter:
        self._before = self._commits()
        return self

    def __exit__(self, *_: object) -> None:
        self.commits = self._commits() - self._before
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        self.connections = int(scalar(self._connection, query))

    def _commits(self) -> int:
        time.sleep(1.5)  # a backend hands its counters over at most once a second
        query = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        return int(scalar(self._connection, query))


def scalar(connection: psycopg.Connection[Any], query: str, parameters: tuple[object, ...] = ()) -> Any:
    row = connection.execute(query, parameters).fetchone()
    return row[0] if row else None
