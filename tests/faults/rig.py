"""What the fault tests break things with: processes to kill, a Redis of their own, and the count at the end."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psycopg
import redis
from django.db import DatabaseError, InterfaceError, connection, connections

from notifications.kernel import doorbell, ticker
from notifications.models import InboxItem
from tests.cast import items_of
from tests.services import free_port
from tests.site.processes import ROOT, environment, wait_until
from workflows.models import Run
from workflows.runs import everyone_is_accounted_for

SOAK = os.environ.get("NOTIFYHUB_SOAK") == "1"
SEED = int(os.environ.get("NOTIFYHUB_SEED") or random.randrange(10**9))


def rounds(*, few: int, soak: int) -> int:
    """How often: a few times in `make test`, as often as the promise says in `make soak`."""
    return soak if SOAK else few


@contextmanager
def chance(name: str) -> Iterator[random.Random]:
    """Random moments that can be had again: the seed is printed with a failure."""
    print(f"\n{name}: NOTIFYHUB_SEED={SEED}")  # noqa: T201  pytest shows it when the test fails
    yield random.Random(f"{SEED} {name}")


class Worker:
    """A process of its own that does what is due, again and again, until killed. Forked, so that it starts at once."""

    def __init__(self) -> None:
        connections.close_all()  # a child must not share its parent's connection
        self._process = get_context("fork").Process(target=_work_for_ever, daemon=True)
        self._process.start()

    def kill(self) -> None:
        """As `kill -9` does: at whatever it is doing."""
        self._process.kill()
        self._process.join()


def _work_for_ever() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    while True:
        try:
            for due in list(ticker.VERBS.values()):  # what its ticker would call, only sooner
                due.verb()
        except (DatabaseError, InterfaceError):
            connection.close()  # it was cut: this is what the ticker does too
        time.sleep(0.01)


@contextmanager
def workers(count: int) -> Iterator[list[Worker]]:
    """Some of them, none of whom survives the block."""
    crew = [Worker() for _ in range(count)]
    try:
        yield crew
    finally:
        for worker in crew:
            worker.kill()


@contextmanager
def posting_held_up() -> Iterator[Callable[[], bool]]:
    """Whoever comes to write items into inboxes stands still in the middle of its transaction. Gives the question
    whether somebody does."""
    table = InboxItem._meta.db_table
    waiting = "SELECT count(*) FROM pg_locks WHERE relation = %s::regclass AND NOT granted"
    with psycopg.connect(address(connection.settings_dict)) as other:
        other.execute(f'LOCK TABLE "{table}" IN SHARE MODE')
        yield lambda: bool((other.execute(waiting, [table]).fetchone() or [0])[0])
        other.rollback()


@contextmanager
def own_redis(folder: Path) -> Iterator["OwnRedis"]:
    server = OwnRedis(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def listen_again() -> None:
    """This process rings again, whatever it heard of the broker just now."""
    doorbell.forget()


class OwnRedis:
    """A Redis that may be stopped and started without anybody else noticing. It keeps nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.port = folder, free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        program = shutil.which("redis-server")
        assert program, "redis-server is not installed"
        options = ["--port", str(self.port), "--save", "", "--appendonly", "no", "--dir", str(self._folder)]
        self._process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
        assert wait_until(self._answers, seconds=10)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            return bool(redis.Redis(port=self.port, socket_timeout=1).ping())
        except redis.RedisError:
            return False


@contextmanager
def celery_worker(
    broker: str, log: Path, *, lease: int = 2, queues: str = "live,engine", **given: str
) -> Iterator[subprocess.Popen[bytes]]:
    """`celery -A notifyhub worker` as its users start it, on the database of this test. `given`: its environment."""
    place = connection.settings_dict
    env = environment(
        **{
            "DJANGO_SETTINGS_MODULE": "notifyhub.settings.test",
            "NOTIFYHUB_TEST_DATABASE_URL": address(place),
            "NOTIFYHUB_TEST_BROKER_URL": broker,
            "NOTIFYHUB_TEST_LEASE": str(lease),
        }
        | given
    )
    command = [sys.executable, "-m", "celery", "-A", "notifyhub", "worker", "-Q", queues, "-c", "2", "-l", "INFO"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=env, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        assert wait_until(lambda: "ready." in log.read_text(errors="replace"), seconds=60), log.read_text()
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def address(place: Mapping[str, Any]) -> str:
    """The URL of a database from its settings."""
    who = f"{place['USER']}:{place['PASSWORD']}" if place["PASSWORD"] else place["USER"]
    return f"postgres://{who}@{place['HOST']}:{place['PORT'] or 5432}/{place['NAME']}"


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def items(run: Run) -> int:
    return InboxItem.objects.filter(notification__origin=run.public_id).count()


def wait_for_items(run: Run, count: int) -> None:
    """Until so many lie in inboxes, or the run is over."""
    wait_for(lambda: items(run) >= count or finished(run))


def wait_until_finished(*runs: Run) -> None:
    wait_for(lambda: all(finished(run) for run in runs))


def finished(run: Run) -> bool:
    return Run.objects.across_tenants().filter(pk=run.pk, finished_at__isnull=False).exists()


def wait_for(state: Callable[[], bool], *, seconds: float = 90) -> None:
    """Generously: how long it takes is not what these tests are about."""
    assert wait_until(state, seconds=seconds), "it never came to that"


def assert_everyone_has_exactly_one(run: Run, people: Sequence[Any]) -> None:
    """Nobody lost, nobody told twice, the sets add up, and the run knows that it is over."""
    run.refresh_from_db()
    assert items_of(run) == dict.fromkeys([getattr(one, "pk", one) for one in people], 1)
    assert everyone_is_accounted_for(run)
    assert (run.status, run.people, run.error) == ("sent", len(people), "")
