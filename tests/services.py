"""What is there to test against: PostgreSQL, Redis, Chromium, Node; by environment variable or local default."""

import os
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
_VERIFIERS = Path(__file__).resolve().parent / "channels_delivery" / "verifiers"


@dataclass(frozen=True)
class Service:
    """A service by its address, or the reason why it is not there."""

    name: str
    address: str = ""
    missing: str = ""

    def __bool__(self) -> bool:
        return bool(self.address)


def find_postgres() -> Service:
    """PostgreSQL at NOTIFYHUB_TEST_POSTGRES, DATABASE_URL, or as postgres on 127.0.0.1:5432 without a password."""
    named = os.environ.get("NOTIFYHUB_TEST_POSTGRES") or os.environ.get("DATABASE_URL", "")
    url = named or "postgres://postgres@127.0.0.1:5432/postgres"
    if not url.startswith("postgres"):
        return Service("PostgreSQL", missing=f"{urlsplit(url).scheme} is not PostgreSQL")
    try:
        import psycopg
    except ImportError:
        return Service("PostgreSQL", missing="psycopg is not installed")
    try:
        with psycopg.connect(url.replace("postgres://", "postgresql://", 1), connect_timeout=3):
            return Service("PostgreSQL", url)
    except psycopg.Error as error:
        where = "the named server" if named else "127.0.0.1:5432"
        return Service("PostgreSQL", missing=f"{where}: {str(error).splitlines()[0]}")


def find_redis() -> Service:
    """Redis at REDIS_URL or on 127.0.0.1:6379; tests get a database of their own, number 15."""
    url = urlsplit(os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379")
    address = url._replace(path="/15").geturl()
    import redis

    try:
        redis.Redis.from_url(address, socket_connect_timeout=2, socket_timeout=2).ping()
    except redis.RedisError as error:
        return Service("Redis", missing=f"{url.hostname}:{url.port or 6379}: {type(error).__name__}")
    return Service("Redis", address)


def find_chromium() -> Service:
    """Chromium at CHROMIUM, or on the path under one of its usual names."""
    named = os.environ.get("CHROMIUM")
    for candidate in [named] if named else _CHROMIUM_NAMES:
        if found := shutil.which(candidate):
            return Service("Chromium", found)
    return Service("Chromium", missing=f"{named} is not there" if named else "not found; set CHROMIUM")


def find_verifiers() -> Service:
    """Node at NODE or on the path, with the packages that receivers verify webhooks and cards with."""
    if not (node := shutil.which(os.environ.get("NODE") or "node")):
        return Service("Node", missing="not found; set NODE")
    if not all((_VERIFIERS / "node_modules" / name).is_dir() for name in ("standardwebhooks", "svix", "adaptivecards")):
        return Service("Node", missing=f"its packages: npm ci --prefix {os.path.relpath(_VERIFIERS)}")
    return Service("Node", node)


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
