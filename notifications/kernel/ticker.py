"""Due verbs on a timer thread in every worker process. It needs the database and nothing else.

Each verb has a row, `Sweep`, that says when it is next due. Whoever moves that row forward runs the verb, so any
number of tickers make one; and a ticker that dies holds nothing that another would wait for.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import Error, connection

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
    from ..models import Sweep

    now = db_now()
    due_at = dict(Sweep.objects.values_list("name", "due_at"))
    if missing := [Sweep(name=name, due_at=now) for name in VERBS if name not in due_at]:
        Sweep.objects.bulk_create(missing, ignore_conflicts=True)
    due = [one for one in VERBS.values() if due_at.get(one.name, now) <= now]
    return [one.name for one in due if _won(one, now=now) and _ran(one)]


def _won(due: DueVerb, *, now: datetime) -> bool:
    """Move the row forward; of all who try, one does."""
    from ..models import Sweep

    mine = Sweep.objects.filter(name=due.name, due_at__lte=now)
    return bool(mine.update(due_at=now + timedelta(seconds=due.every)))


def _ran(due: DueVerb) -> bool:
    try:
        due.verb()
    except Exception:
        logger.exception("ticker.verb_failed verb=%s", due.name)
        return False
    return True


class Ticker(threading.Thread):
    """Ticks until told to stop. A database that is away is waited for; nothing ends this thread but `stop()`."""

    def __init__(self, *, beat: float = BEAT) -> None:
        super().__init__(name="notifyhub-ticker", daemon=True)
        self._beat = beat
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.wait(self._beat):
            try:
                tick()
            except Error as error:
                logger.warning("ticker.database_away error=%s", type(error).__name__)
                connection.close()
            except Exception:  # whatever it is, a worker without its ticker would be worse
                logger.exception("ticker.failed")
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
