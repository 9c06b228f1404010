"""A Celery worker as its users start it, in a process of its own; its memory and its count of tasks."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis

from .harness import Side, Slice

MIB = 2**20
QUEUES = ("live", "engine")
DELIVERY = ("delivery", "bulk")


class Worker:
    """`celery -A notifyhub worker -Q live,engine` with stock settings. Use as a context manager."""

    def __init__(self, *, log: Path, queues: Sequence[str] = QUEUES, app: str = "notifyhub") -> None:
        self._log, self._queues, self._app = log, queues, app
        self._name = f"{queues[0]}@{socket.gethostname()}"

    def __enter__(self) -> Worker:
        purge()
        self._log.parent.mkdir(parents=True, exist_ok=True)
        command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            self._app,
            "worker",
            "-n",
            self._name,
            "-Q",
            ",".join(self._queues),
        ]
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, cwd=Path(__file__).resolve().parent.parent
            )
        self._wait_until_ready()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            for pid in self.processes():
                os.kill(pid, 9)

    def processes(self) -> list[int]:
        return descendants(self._process.pid)

    def memory(self) -> int:
        """Bytes of all its processes; a page that they share is counted once (PSS)."""
        return sum(proportional_set_size(pid) for pid in self.processes())

    def tasks(self) -> int:
        """Tasks it has received since it started."""
        while not (answers := self._inspect().stats()):
            time.sleep(0.1)  # a busy worker may miss the half second
        return sum(sum(answer["total"].values()) for answer in answers.values())

    def rest(self, *, patience: float = 60) -> None:
        """Wait until no ring is waiting and no task is running, so that the next slice starts from rest."""
        give_up = time.monotonic() + patience
        with redis.Redis.from_url(os.environ["REDIS_URL"]) as broker:
            while time.monotonic() < give_up:
                if not (any(broker.llen(queue) for queue in self._queues) or broker.hlen("unacked")):
                    return
                time.sleep(0.02)
        raise SystemExit("the worker does not come to rest")

    @contextmanager
    def watched(self, *, every: float = 0.02) -> Iterator[Peak]:
        """The highest memory while the block runs. Watching costs a little time: not for timed work."""
        peak = Peak(self.memory())
        stop = threading.Event()

        def watch() -> None:
            while not stop.wait(every):
                peak.highest = max(peak.highest, self.memory())

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield peak
        finally:
            stop.set()
            thread.join()
            peak.after = self.memory()

    def _inspect(self) -> Any:
        from notifyhub.celery import app

        return app.control.inspect(destination=[self._name], timeout=0.5)

    def _wait_until_ready(self) -> None:
        give_up = time.monotonic() + 60
        while not self._inspect().ping():
            if self._process.poll() is not None or time.monotonic() > give_up:
                raise SystemExit(f"the worker did not start:\n{self._log.read_text()[-4000:]}")
        time.sleep(2)  # its children and their tickers come up after the parent answers


def rested(worker: Worker, side: Side) -> Side:
    """The side, and then an untimed wait for the worker to come to rest: what it left over must not hit the next."""

    def followed() -> Slice:
        done = side()
        worker.rest()
        return done

    return followed


class Peak:
    """Bytes at the start, at the highest, and at the end of a watched block."""

    def __init__(self, before: int) -> None:
        self.before = self.highest = self.after = before

    @property
    def over_idle(self) -> float:
        return (self.highest - self.before) / MIB


def purge() -> None:
    """Forget the rings of earlier runs."""
    from notifyhub.celery import app

    app.control.purge()


def descendants(pid: int) -> list[int]:
    found, waiting = [], [pid]
    while waiting:
        found.append(current := waiting.pop())
        try:
            for task in Path(f"/proc/{current}/task").iterdir():
                waiting += [int(child) for child in (task / "children").read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def proportional_set_size(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
