"""Whoever comes and goes while others write is told exactly what the table has: also when Redis forgets everything, and
when the database is a restored backup."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from django.db import connection
from psycopg import sql

from notifications.models import InboxState, Recipient, Tenant
from notifyhub.settings.layers import pubsub
from tests.cast import drop, member
from tests.site.processes import ROOT, environment, manage

from .live_rig import Follower, come_and_go, web
from .rig import SEED, SOAK, OwnRedis, address, chance, own_redis, rounds

pytestmark = [pytest.mark.faults]
real = [pytest.mark.postgres, pytest.mark.redis, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def line(tmp_path: Path, settings: Any) -> Iterator[OwnRedis]:
    """A Redis of our own, over which writers and web processes talk."""
    with own_redis(tmp_path) as server:
        name = connection.settings_dict["NAME"]
        settings.CHANNEL_LAYERS = {"default": pubsub(server.url, prefix=f"nh-{name}")}
        yield server


@pytest.fixture
def people(acme: Tenant) -> list[Recipient]:
    return [member(acme, f"follower{number}") for number in range(10)]


class TestOnPostgreSQL:
    pytestmark = real

    def test_a_thousand_reconnects_under_four_writers(
        self, line: OwnRedis, people: list[Recipient], tmp_path: Path
    ) -> None:
        database = address(connection.settings_dict)
        followers = [Follower(one) for one in people]

        def forget() -> None:
            redis.Redis.from_url(line.url).flushall()
            if SOAK:
                line.stop()
                line.start()

        with (
            chance("live"),
            web(database, line.url, tmp_path / "a") as here,
            web(database, line.url, tmp_path / "b") as there,
        ):
            come_and_go(
                followers[:8],
                followers[8:],
                [here, there],
                visits=rounds(few=40, soak=1_000),
                seed=f"{SEED} live",
                halfway=forget,
            )

    def test_clients_of_a_restored_backup_load_their_inbox_anew(
        self, line: OwnRedis, people: list[Recipient], tmp_path: Path
    ) -> None:
        database, followers = address(connection.settings_dict), [Follower(one) for one in people[:3]]
        with web(database, line.url, tmp_path / "before") as here:
            backup = dump_with_some_and_go_on(followers, here, database, tmp_path)

        with restored(backup, database) as other, web(other, line.url, tmp_path / "after") as there:
            env = environment(DJANGO_SETTINGS_MODULE="notifyhub.settings.test", NOTIFYHUB_TEST_DATABASE_URL=other)
            assert "10 inboxes" in manage("notifyhub_new_epoch", env=env).stdout
            for one in followers:
                one.visit(there)
            assert [one.resyncs for one in followers] == [1, 1, 1]
            assert [one.cursor for one in followers] == heads(other, followers)


def dump_with_some_and_go_on(followers: list[Follower], here: str, database: str, folder: Path) -> Path:
    """Everybody knows of two items more than the backup has."""
    for one in followers:
        one.visit(here)
    for one in Recipient.objects.across_tenants():
        drop(one, "In the backup")
    backup = folder / "backup"
    subprocess.run(["pg_dump", "-Fc", "-f", backup, "-d", database], check=True)
    for one in followers:
        drop(one.person, "Lost")
        drop(one.person, "Lost as well")
        one.visit(here)
        assert len(one.items) == 3
    return backup


@contextmanager
def restored(backup: Path, database: str) -> Iterator[str]:
    """A database of its own on the same server, made of the backup; its address."""
    parts = urlsplit(database)
    name = f"{parts.path.strip('/')}_restored"
    drop_it = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    with psycopg.connect(database.replace("postgres://", "postgresql://", 1), autocommit=True) as server:
        server.execute(drop_it)
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        other = parts._replace(path=f"/{name}").geturl()
        subprocess.run(["pg_restore", "--no-owner", "-d", other, backup], check=True)
        try:
            yield other
        finally:
            server.execute(drop_it)


def heads(database: str, followers: list[Follower]) -> list[str]:
    """Where the inboxes of these people stand in that database."""
    with psycopg.connect(database.replace("postgres://", "postgresql://", 1)) as there:
        rows = there.execute(f"SELECT recipient_id, epoch, head FROM {InboxState._meta.db_table}").fetchall()
    found = {person: f"{epoch}.{head}" for person, epoch, head in rows}
    return [found[one.person.pk] for one in followers]


@pytest.mark.once
def test_the_same_on_sqlite_in_one_process(tmp_path: Path) -> None:
    env = environment(
        DJANGO_SETTINGS_MODULE="notifyhub.settings.test",
        NOTIFYHUB_TEST_DATABASE_URL=f"sqlite:///{tmp_path}/hub.sqlite3",
        NOTIFYHUB_TEST_REDIS_URL="",
        NOTIFYHUB_SEED=str(SEED),
    )

    with chance("live on SQLite"):
        done = subprocess.run(
            [sys.executable, "-m", "tests.faults.live_on_sqlite", str(tmp_path)],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    assert done.returncode == 0, done.stdout + done.stderr
