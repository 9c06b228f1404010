"""Due verbs on a timer thread in every worker process. It needs the database and nothing else.

Each verb has a row, `Sweep`, that says when it is next due. Whoever moves that row forward runs the verb, so any
number of tickers make one; and a ticker that dies holds nothing that another would wait for.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import Error, connection, transaction

from .clock import db_now

logger = logging.getLogger(__name__)

BEAT = 0.5  # seconds between two looks at the rows


@dataclass(frozen=True)
class DueVerb:
    """`verb` is called without arguments about every `every` seconds, by one ticker of all."""

    name: str
    every: float
    verb: Callable[[], object]


VERBS: dict[str, DueVerb] = {}


def register(name: str, *, every: float, verb: Callable[[], object]) -> None:
    """Have `verb` run every `every` seconds. Called from `AppConfig.ready()`."""
    VERBS[name] = DueVerb(name, every, verb)


def tick() -> list[str]:
    """Run what is due now, and say which verbs ran. A verb that fails is logged and tried again next time."""
    return [due.name for due in VERBS.values() if _won(due) and _ran(due)]


def _won(due: DueVerb) -> bool:
    from ..models import Sweep

    now = db_now()
    upcoming = now + timedelta(seconds=due.every)
    if Sweep.objects.filter(name=due.name, due_at__lte=now).update(due_at=upcoming):
        return True
    if Sweep.objects.filter(name=due.name).exists():
        return False
    with transaction.atomic():
        Sweep.objects.bulk_create([Sweep(name=due.name, due_at=now)], ignore_conflicts=True)
    return False


def _ran(due: DueVerb) -> bool:
    try:
        due.verb()
    except Exception:
        logger.exception("ticker.verb_failed verb=%s", due.name)
        return False
    return True


class Ticker(threading.Thread):
    """Ticks until told to stop. A database that is away is waited for; nothing ends this thread but `stop()`."""

    def __init__(self) -> None:
        super().__init__(name="notifyhub-ticker", daemon=True)
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.wait(BEAT):
            try:
                tick()
            except Error as error:
                logger.warning("ticker.database_away error=%s", type(error).__name__)
                connection.close()
        connection.close()

    def stop(self) -> None:
        self._stopping.set()
        if self.is_alive():
            self.join(timeout=5)


_running: Ticker | None = None
_lock = threading.Lock()


def start_ticker() -> None:
    """Start this process's ticker, once."""
    global _running
    with _lock:
        if _running is None or not _running.is_alive():
            _running = Ticker()
            _running.start()


def stop_ticker() -> None:
    """Stop it and wait for the verb in hand, 5 s at most."""
    global _running
    with _lock:
        if _running is not None:
            _running.stop()
            _running = None
