"""Worker processes of the outbox that can be killed, stopped, and started again at once.

A nursery, which has loaded the site, forks them on request: they start in milliseconds, and share no socket with the
test, whose receivers could otherwise not hang up on them. Each hand does what a worker process does, with shorter
times: a courier that drains, and a ticker that sweeps.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from tests.site.processes import ROOT, environment, wait_until

LEASE, SHORT = 40.0, 2.5
"""Seconds for which a hand holds what it claims: as in production, or little above the deadline of `hasty.py`, so that
what a dead one held is soon found. A machine with much else to do may take longer than that over a send."""


class Hand:
    """One worker process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def kill(self) -> None:
        """As `kill -9` does: at whatever it is doing."""
        self._signal(signal.SIGKILL)
        assert wait_until(lambda: not self.alive, seconds=10)

    def stop(self) -> None:
        """It stands still, and knows nothing of the time that passes."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    @property
    def alive(self) -> bool:
        with suppress(ProcessLookupError):
            os.kill(self.pid, 0)
            return True
        return False

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)


class Nursery:
    """`with Nursery(database) as nursery`: nobody it made survives the block."""

    def __init__(self, database: str, log: Path) -> None:
        env = environment(DJANGO_SETTINGS_MODULE="tests.faults.settings", NOTIFYHUB_TEST_DATABASE_URL=database)
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__],
                cwd=ROOT,
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # it reads the end, and takes everybody along

    def hand(self, settings: Mapping[str, Any], *, lease: float = LEASE, port: int = 0, crash_at: str = "") -> Hand:
        """A new one. `settings`: CHANNELS_DELIVERY. `port`: where its database is, if not where the nursery's is."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"settings": settings, "lease": lease, "port": port, "crash_at": crash_at}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return Hand(int(self._process.stdout.readline()))

    @contextmanager
    def hands(self, count: int, settings: Mapping[str, Any], **given: Any) -> Iterator[list[Hand]]:
        """Some of them, none of whom survives the block."""
        crew = [self.hand(settings, **given) for _ in range(count)]
        try:
            yield crew
        finally:
            for hand in crew:
                hand.kill()


def _nursery() -> None:
    import django

    django.setup()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who ends is gone at once
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the end of the input is the end
    children: list[int] = []
    for line in sys.stdin:
        if not (pid := os.fork()):
            os.close(0)
            os.dup2(2, 1)  # what they log is no answer of ours
            _work(**json.loads(line))
        children.append(pid)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
    for pid in children:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _work(*, settings: Mapping[str, Any], lease: float, port: int, crash_at: str) -> None:
    from django.db import connections
    from django.test import override_settings

    from channels_delivery import courier, crash, sweeps

    override_settings(NOTIFYHUB={"CHANNELS_DELIVERY": settings}).enable()
    if port:
        connections["default"].settings_dict["PORT"] = str(port)
    os.environ["NOTIFYHUB_CRASH_AT"] = crash_at
    importlib.reload(crash)  # it reads its environment once
    threading.Thread(target=_for_ever, args=(sweeps.sweep, 0.2), daemon=True).start()
    _for_ever(lambda: courier.drain(lease=timedelta(seconds=lease)), 0.01)


def _for_ever(verb: Any, pause: float) -> None:
    from django.db import DatabaseError, InterfaceError, connection

    while True:
        try:
            verb()
        except (DatabaseError, InterfaceError) as error:
            sys.stderr.write(f"{os.getpid()}: {type(error).__name__}: {error}\n")
            connection.close()  # it was cut: this is what ticker and courier do too
        time.sleep(pause)


if __name__ == "__main__":
    _nursery()
