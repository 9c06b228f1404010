"""What the live tests are made of: web processes with sockets, writers who commit late or not at all, and followers who
come and go and remember what they were told."""

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Self

from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from notifications import inbox
from notifications.content import Content
from notifications.kernel.clock import db_now
from notifications.models import InboxItem, Mark, Recipient, State
from tests.cast import rolled_back
from tests.services import free_port
from tests.site.processes import ROOT, environment, get

from .rig import wait_for

PATIENCE = 30.0
GONE = (State.WITHDRAWN, State.SUPERSEDED, State.DELETED)


@contextmanager
def web(database: str, redis: str, log: Path) -> Iterator[str]:
    """A web server of the site, as its users start it; where it listens."""
    port = free_port()
    env = environment(
        DJANGO_SETTINGS_MODULE="notifyhub.settings.test",
        NOTIFYHUB_TEST_DATABASE_URL=database,
        NOTIFYHUB_TEST_REDIS_URL=redis,
    )
    command = [sys.executable, "-m", "uvicorn", "notifyhub.asgi:application", "--port", str(port), "--lifespan", "off"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_for(lambda: get(f"http://127.0.0.1:{port}/healthz") == 200 or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


class Follower:
    """A client that goes by `docs/socket.md`: it applies what leads on from where it is, and nothing else.

    `told` are the items it was told of, in that order, with their revisions; `items` what it knows of each now, and
    `unread` the number it would show.
    """

    def __init__(self, person: Recipient) -> None:
        client = Client()
        assert person.user is not None
        client.force_login(person.user)
        self.person = person
        self.cursor = ""
        self.told: list[tuple[int, str]] = []
        self.items: dict[str, dict[str, Any]] = {}
        self.unread = 0
        self.resyncs = 0
        self._cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
        self._resumed = False

    def visit(self, address: str, *, seconds: float = PATIENCE, politely: bool = True) -> None:
        """One connection, for so long; or else until it is up to date. Impolite ones end in the middle of a word."""
        at_most = seconds < PATIENCE
        self.stay(address, enough=lambda: not at_most and self._resumed, seconds=seconds, politely=politely)
        assert at_most or self._resumed, "it was not brought up to date"

    def stay(self, address: str, *, enough: Callable[[], bool], seconds: float = 600, politely: bool = True) -> None:
        """One connection, until it is enough."""
        until, self._resumed = time.monotonic() + seconds, False
        with self._connected(address) as line:
            while not enough() and (left := until - time.monotonic()) > 0:
                with suppress(TimeoutError):
                    self._take(json.loads(line.recv(timeout=min(left, 0.2))), line)
            if not politely:
                with suppress(OSError):
                    line.socket.shutdown(socket.SHUT_RDWR)

    def _connected(self, address: str) -> connect:
        return connect(
            f"ws://{address}/ws/notifications/",
            origin=f"http://{address}",  # type: ignore[arg-type]
            additional_headers={"Cookie": self._cookie},
            open_timeout=PATIENCE,
            close_timeout=1,
        )

    def _take(self, frame: dict[str, Any], line: ClientConnection) -> None:
        match frame["type"]:
            case "hello":
                self.cursor = self.cursor or frame["cursor"]
                line.send(json.dumps({"type": "resume", "cursor": self.cursor}))
            case "item" | "update" if frame["after"] == self.cursor:
                self._apply(frame)
                self.cursor = frame["cursor"]
            case "item" | "update":
                assert not self._resumed or _rev(frame["cursor"]) <= _rev(self.cursor), f"a gap: {self.cursor} {frame}"
            case "resumed":
                assert _rev(frame["cursor"]) <= _rev(self.cursor), f"missing after a resume: {self.cursor} {frame}"
                self._resumed = True
                if frame["cursor"] == self.cursor:
                    self.unread = frame["unread"]["count"]
            case "resync":
                self.resyncs += 1
                self.cursor = frame["cursor"]

    def _apply(self, frame: Mapping[str, Any]) -> None:
        if item := frame.get("item"):
            assert not self.told or item["rev"] >= self.told[-1][0], "out of order"
            assert frame["type"] == "update" or item["id"] not in self.items, "new for the second time"
            self.told.append((item["rev"], item["id"]))
            self.items[item["id"]] = item
        if "unread" in frame:
            self.unread = frame["unread"]["count"]
        elif frame["type"] == "item" and not frame["item"]["read"]:
            self.unread = min(self.unread + 1, 99)
        for tab in frame.get("read_upto", ()):
            for item in self.items.values():
                if item["tab"] == tab and "read" in item:
                    item["read"] = True


def _rev(cursor: str) -> int:
    return int(cursor.partition(".")[2] or 0)


def assert_told_what_the_table_has(follower: Follower) -> None:
    """Every item of the inbox and no other, in the order in which they last changed, each as it is now."""
    marks = dict(Mark.objects.filter(recipient_id=follower.person.pk).values_list("tab", "read_upto"))
    rows = InboxItem.objects.filter(recipient_id=follower.person.pk).select_related("notification")
    rows = rows.order_by("rev", "notification__public_id")
    table = [
        (
            str(row.notification.public_id),
            State(row.state).name.lower(),
            None if row.state in GONE else not row.forced and bool(row.read_at or row.seq <= marks.get(row.tab, 0)),
        )
        for row in rows
    ]
    told = sorted(follower.items.values(), key=lambda one: (one["rev"], one["id"]))
    assert [(one["id"], one["state"], one.get("read")) for one in told] == table
    assert (follower.unread, follower.resyncs) == (inbox.unread_count(follower.person).count, 0)


class _ChangedTheirMind(Exception):
    pass


class Writers:
    """`with Writers(people, seed)`: four threads that post to some of these people and change what they have. Every
    fourth transaction rolls back, and so does every fourth part of one; each lingers before its end."""

    def __init__(self, people: Sequence[Recipient], seed: str, *, count: int = 4) -> None:
        self._people = people
        self._stopped = threading.Event()
        self.errors: list[Exception] = []
        self.commits = 0
        self._threads = [threading.Thread(target=self._write, args=(Random(f"{seed} {n}"),)) for n in range(count)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()
        assert self.errors == []

    def _write(self, random: Random) -> None:
        try:
            while not self._stopped.is_set():
                with suppress(_ChangedTheirMind), transaction.atomic():
                    self._change(random)
                    time.sleep(random.uniform(0, 0.03))  # what is not committed yet has its number already
                    if random.random() < 0.25:
                        raise _ChangedTheirMind
                self.commits += 1
        except Exception as error:
            self.errors.append(error)
        finally:
            connection.close()

    def _change(self, random: Random) -> None:
        """A post, which takes hold of all of its people in order, and something else that one of them has."""
        people = random.sample(self._people, random.randint(1, 3))
        self._post(people, random)
        if random.random() < 0.25:
            with rolled_back():
                self._post(people, random)
        if random.random() < 0.6:
            _do_something(random.choice(people), random)

    def _post(self, people: Sequence[Recipient], random: Random) -> None:
        """Every third replaces the one before it."""
        content = Content(f"No. {random.randrange(10**9)}", thread=random.choice(["", "", "same"]))
        inbox.post([inbox.Post(people[0].tenant_id, "t", content, [one.pk for one in people])], now=db_now())


def _do_something(person: Recipient, random: Random) -> None:
    mine = InboxItem.objects.filter(recipient_id=person.pk).order_by("-seq")
    items = list(mine.values_list("notification__public_id", flat=True)[:20])
    some = random.sample(items, min(len(items), random.randint(1, 4)))
    match random.randrange(5):
        case 0:
            inbox.mark_read(person, some, now=db_now())
        case 1:
            inbox.mark_unread(person, some)
        case 2:
            inbox.archive(person, some)
        case 3:
            inbox.unarchive(person, some)
        case _:
            inbox.read_all(person)


def come_and_go(
    followers: Sequence[Follower],
    stayers: Sequence[Follower],
    addresses: Sequence[str],
    *,
    visits: int,
    seed: str,
    halfway: Callable[[], None] = lambda: None,
) -> None:
    """Let four writers write while these followers connect so many times together, and those stay. At the end everybody
    is brought up to date: those who come and go by another visit, those who stay by what they hear."""
    everybody = [*followers, *stayers]
    for one in everybody:
        one.visit(addresses[0])
    with _staying(stayers, addresses), Writers([one.person for one in everybody], seed) as writers, Crew() as visitors:
        done = Counted()
        for number, one in enumerate(followers):
            share = visits // len(followers) + (number < visits % len(followers))
            random = Random(f"{seed} follower {number}")
            visitors.start(partial(_visits, one, addresses, random, share, done))
        wait_for(lambda: done.count >= visits / 2 or bool(visitors.errors), seconds=600)
        halfway()
    assert writers.commits
    for one in followers:
        one.visit(addresses[-1])
    for one in everybody:
        assert_told_what_the_table_has(one)


@contextmanager
def _staying(stayers: Sequence[Follower], addresses: Sequence[str]) -> Iterator[None]:
    """These are connected meanwhile, and at the end until they have heard of everything."""
    over = threading.Event()
    with Crew() as crew:
        try:
            for number, one in enumerate(stayers):
                crew.start(partial(one.stay, addresses[number % len(addresses)], enough=over.is_set))
            yield
            wait_for(
                lambda: bool(crew.errors) or all(one.cursor == inbox.current_cursor(one.person) for one in stayers)
            )
        finally:
            over.set()


def _visits(one: Follower, addresses: Sequence[str], random: Random, count: int, done: "Counted") -> None:
    for _ in range(count):
        with suppress(ConnectionClosed):
            one.visit(random.choice(addresses), seconds=random.uniform(0, 0.15), politely=random.random() < 0.5)
        done.one_more()


class Counted:
    def __init__(self) -> None:
        self.count = 0
        self._lock = threading.Lock()

    def one_more(self) -> None:
        with self._lock:
            self.count += 1


class Crew:
    """Threads that are waited for; the first error of one of them is raised."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self.errors: list[BaseException] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        for thread in self._threads:
            thread.join()
        if self.errors and kind is None:
            raise self.errors[0]

    def start(self, what: Callable[[], None]) -> None:
        thread = threading.Thread(target=self._run, args=(what,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self, what: Callable[[], None]) -> None:
        try:
            what()
        except BaseException as error:
            self.errors.append(error)
        finally:
            connection.close()
