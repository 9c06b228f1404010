"""The two databases the hub runs on, each set up once, here."""

from pathlib import Path
from typing import Any

import environ

# IMMEDIATE: a deferred transaction that turns into a writer fails at once with "database is locked",
# whatever the timeout. WAL: readers never wait for the writer. Never put the file on a network share.
_SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL",
}


def sqlite(name: Path | str) -> dict[str, Any]:
    """Return a SQLite database in the file `name` (or ":memory:")."""
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(name), "OPTIONS": dict(_SQLITE_OPTIONS)}


def postgresql(url: str, *, pool_max: int = 0) -> dict[str, Any]:
    """Return the PostgreSQL database at `url`; `pool_max` > 0 adds a connection pool to this process.

    A pool is for web processes. CONN_MAX_AGE stays 0: under ASGI each request may run in a thread of
    its own, and a kept connection would be a leaked one. Workers keep theirs by CELERY_DB_REUSE_MAX.
    """
    config: dict[str, Any] = dict(environ.Env.db_url_config(url))
    options = dict(config.get("OPTIONS") or {})
    options.setdefault("connect_timeout", 3)
    if pool_max:
        options["pool"] = {"min_size": 1, "max_size": pool_max, "timeout": 5}
    return config | {"OPTIONS": options, "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True}


def from_url(url: str, *, pool_max: int = 0) -> dict[str, Any]:
    """Return the database that a DATABASE_URL names."""
    if url.startswith("sqlite:"):
        return sqlite(environ.Env.db_url_config(url)["NAME"])
    return postgresql(url, pool_max=pool_max)
