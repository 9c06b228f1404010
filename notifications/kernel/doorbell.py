"""Ring a worker after commit. A ring is a hint: it may be lost, late or doubled, and work is found by the sweep anyway.

The ring never makes its caller wait: connect and send have 0.2 s each, a failure is counted, and the bell stays
silent for five seconds after one, so that a dead broker costs a caller next to nothing. Nor does a storm of commits
make a storm of tasks: a process rings a task at most every 20 ms, and whoever heard a ring keeps looking for longer
than that (`LISTEN`).
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from typing import Any

from django.db import connections

try:
    from celery import current_app
    from kombu import Connection
    from kombu.pools import producers
except ImportError:  # a site without Celery lives on its sweeps alone
    current_app = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)

PATIENCE = 0.2  # seconds for the broker to take a ring
SILENCE = 5.0  # seconds without a ring after a failed one
EVERY = 0.02  # seconds between two rings of one task by one process
LISTEN = 0.03  # seconds for which a worker goes on looking after it found nothing more; longer than EVERY
EXPIRES = 10  # seconds after which a ring that nobody took is worth nothing: the sweep has been there
RINGS: Counter[str] = Counter()
"""What became of the rings of this process: `sent`, `failed`, `silent`, and `spared` because one went just before."""

_silent_until = 0.0
_last_rung: dict[str, float] = {}
_lock = threading.Lock()


def ring(task: str, *, queue: str, using: str = "default") -> None:
    """After the current transaction commits, ask a worker to run `task` (a name, no arguments).

    Once a transaction and task, however often it is called; at once when there is no transaction; never when the
    transaction, or the savepoint in which it was called, rolls back.
    """
    connection = connections[using]
    if any(getattr(entry[1], "bell", None) == task for entry in connection.run_on_commit):
        return
    callback = _Ring(task, queue)
    connection.on_commit(callback, robust=True)


def forget() -> None:
    """As in a process that never rang: no silence, no counts. For after a fork, and for tests."""
    global _silent_until
    _silent_until = 0.0
    _last_rung.clear()
    RINGS.clear()


class _Ring:
    """The after-commit callback. It has a name to be found by, so that a transaction rings once."""

    def __init__(self, task: str, queue: str) -> None:
        self.bell, self.queue = task, queue
        self.__qualname__ = "ring"  # Django names a callback by it when one fails

    def __call__(self) -> None:
        global _silent_until
        now = time.monotonic()
        if current_app is None or now < _silent_until:
            RINGS["silent"] += 1
            return
        if now - _last_rung.get(self.bell, -EVERY) < EVERY:
            RINGS["spared"] += 1
            return
        _last_rung[self.bell] = now
        try:
            _publish(self.bell, self.queue)
        except Exception as error:  # whatever the broker's client raises, the caller's work is done and safe
            RINGS["failed"] += 1
            with _lock:
                _silent_until = time.monotonic() + SILENCE
            logger.warning("doorbell.failed task=%s error=%s", self.bell, type(error).__name__)
        else:
            RINGS["sent"] += 1


def _publish(task: str, queue: str) -> None:
    with producers[_connection()].acquire(block=True, timeout=PATIENCE) as producer:
        current_app.send_task(task, queue=queue, producer=producer, expires=EXPIRES, retry=False, ignore_result=True)


def _connection() -> Any:
    options = {
        **(current_app.conf.broker_transport_options or {}),
        "socket_timeout": PATIENCE,
        "socket_connect_timeout": PATIENCE,
        "max_retries": 0,
    }
    return Connection(
        current_app.conf.broker_write_url or current_app.conf.broker_url,
        transport_options=options,
        connect_timeout=PATIENCE,
    )
