"""Requests under way in this process: asked by threads of their own, so that a slow server holds up nobody else.

A step waits for its answers for a moment. What takes longer is written by the thread that asked, when it comes; the
step's people look again each second. A tenant has a share of the threads, and a process a number of them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection

from .fetching import Asker, Brought, Failed, Request

logger = logging.getLogger(__name__)

THREADS, PER_TENANT = 32, 8

Late = Callable[[Brought | Failed], None]
"""What to do with an answer that nobody waited for."""


class UnderWay:
    """The requests of a process."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="notifyhub-fetch")
        self._lock = threading.Lock()
        self._of_tenant = Counter[int]()

    def room(self, tenant: int) -> int:
        """How many more requests of this tenant fit."""
        with self._lock:
            return max(0, min(PER_TENANT - self._of_tenant[tenant], THREADS - self._of_tenant.total()))

    def ask(
        self, requests: Mapping[int, Request], ask: Asker, *, tenant: int, patience: float, late: Callable[[int], Late]
    ) -> dict[int, Brought | Failed]:
        """Ask all of these; the answers that came within `patience`, by the keys of the requests. Each of the others
        goes to its `late`, in a thread, with a database connection that is closed behind it."""
        asked = {key: _Asked(late(key)) for key in requests}
        with self._lock:
            self._of_tenant[tenant] += len(asked)
        for key, one in asked.items():
            self._pool.submit(self._run, one, requests[key], ask, tenant)
        until = time.monotonic() + patience
        answers = {key: one.wait(until) for key, one in asked.items()}
        return {key: answer for key, answer in answers.items() if answer is not None}

    def _run(self, one: _Asked, request: Request, ask: Asker, tenant: int) -> None:
        try:
            one.answered(ask(request))
        except Exception:
            logger.exception("fetch.failed")
        finally:
            with self._lock:
                self._of_tenant[tenant] -= 1


class _Asked:
    """One request. Either the step takes its answer, or the thread that asked: one of them, and not both."""

    def __init__(self, late: Late) -> None:
        self._late, self._answer = late, None
        self._came, self._lock, self._left = threading.Event(), threading.Lock(), False

    def wait(self, until: float) -> Any:
        """The answer, or None: then nobody waits any more."""
        self._came.wait(max(0.0, until - time.monotonic()))
        with self._lock:
            self._left = True
            return self._answer

    def answered(self, answer: Any) -> None:
        with self._lock:
            self._answer, left = answer, self._left
            self._came.set()
        if left:
            try:
                self._late(answer)
            finally:
                connection.close()


_lock = threading.Lock()
_found: UnderWay | None = None


def of_process() -> UnderWay:
    """Those of this process: made when first asked for, which is after it was forked."""
    global _found
    with _lock:
        _found = _found or UnderWay()
        return _found
