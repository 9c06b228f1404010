"""The thread that owns the network of a process. It is made on first use, so after the fork of a worker."""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import random
import threading
from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

try:
    import uvloop
except ImportError:  # a site without it is slower, and nothing else
    uvloop = None  # type: ignore[assignment]

from . import crash
from .backend import Backend, Outlet
from .deadline import within
from .outcome import MAYBE_SENT, Ending, GivenBack, Permanent, Temporary
from .parcel import Parcel
from .settle import Result

logger = logging.getLogger(__name__)

DEADLINE = 30.0
"""Seconds a backend has in all for one parcel."""


PATIENCE = 0.25
"""Seconds an errand waits for its turn. It was taken because one was about to be free; its lease goes on meanwhile."""

Errand = tuple[Parcel, Backend, Outlet]
Answer = Callable[[Result], None]


@dataclass(frozen=True)
class _Waiting:
    """An errand that starts when one before it ends, and is given back if that takes longer than `until`."""

    errand: Errand
    answer: Answer
    until: float


class LoopThread:
    """Runs at most `at_once` errands at a time, and of a tenant no more than are then left free; further ones wait for
    a moment, so that none of it ever lies idle while the database is asked for more."""

    def __init__(self) -> None:
        self._loop = uvloop.new_event_loop() if uvloop is not None else asyncio.new_event_loop()
        self._tasks: dict[asyncio.Task[Ending], int] = {}
        self._of = Counter[int]()
        self._waiting: dict[int, deque[_Waiting]] = {}
        self._at_once = 0
        self._used: set[Backend] = set()
        threading.Thread(target=self._loop.run_forever, name="notifyhub-network", daemon=True).start()

    def send(self, errands: Sequence[Errand], answer: Answer, *, at_once: int) -> None:
        """Send these. `answer` is called with the result of each, whatever happens, on the loop thread."""
        self._loop.call_soon_threadsafe(self._take, errands, answer, at_once)

    def give_back(self, parcels: Collection[int]) -> None:
        """Break off what is under way for the parcels with these ids. Each is answered as given back."""
        self._loop.call_soon_threadsafe(self._break_off, set(parcels))

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Have `call` called on the loop thread after so many seconds."""
        self._loop.call_soon_threadsafe(self._loop.call_later, seconds, call)

    def close(self) -> None:
        """Have the backends let go of what they keep open, for two seconds at most."""
        with suppress(Exception):
            asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(2)

    async def _close(self) -> None:
        for backend in self._used:
            await backend.close()

    def _take(self, errands: Sequence[Errand], answer: Answer, at_once: int) -> None:
        self._at_once, until = at_once, self._loop.time() + PATIENCE
        for errand in errands:
            self._waiting.setdefault(errand[0].tenant_id, deque()).append(_Waiting(errand, answer, until))
        self._start()
        if self._waiting:
            self._loop.call_at(until, self._give_up, until)

    def _start(self) -> None:
        """Whoever has the fewest under way comes first: if even they have their share, so has everybody."""
        while self._waiting and (free := self._at_once - len(self._tasks)) > 0:
            tenant = min(self._waiting, key=self._of.__getitem__)
            if self._of[tenant] and self._of[tenant] >= free:
                return
            line = self._waiting[tenant]
            self._begin(line.popleft())
            if not line:
                del self._waiting[tenant]

    def _begin(self, one: _Waiting) -> None:
        parcel, backend, outlet = one.errand
        self._of[parcel.tenant_id] += 1
        self._used.add(backend)
        task = self._loop.create_task(_send(parcel, backend, outlet))
        self._tasks[task] = parcel.id  # a loop holds its tasks weakly
        task.add_done_callback(partial(self._end, one))

    def _end(self, one: _Waiting, task: asyncio.Task[Ending]) -> None:
        """Also of what was broken off before it began."""
        del self._tasks[task]
        self._of[one.errand[0].tenant_id] -= 1
        _answer(one, GivenBack(begun=False) if task.cancelled() else task.result())
        self._start()

    def _give_up(self, until: float) -> None:
        """What could not start in time is for whoever has room."""
        self._let_go(lambda one: one.until <= until)

    def _break_off(self, parcels: set[int]) -> None:
        self._let_go(lambda one: one.errand[0].id in parcels)
        for task, parcel in self._tasks.items():
            if parcel in parcels:
                task.cancel()

    def _let_go(self, chosen: Callable[[_Waiting], bool]) -> None:
        lines, self._waiting = self._waiting, {}
        for tenant, line in lines.items():
            if kept := deque(one for one in line if not chosen(one)):
                self._waiting[tenant] = kept
        for one in [one for line in lines.values() for one in line if chosen(one)]:
            _answer(one, GivenBack(begun=False))


def _answer(one: _Waiting, outcome: Ending) -> None:
    parcel, backend, outlet = one.errand
    chance = random.random()  # noqa: S311 - spread, not a secret
    one.answer(Result(parcel, outcome, backend.policy, chance, ailing=outlet.ailing))


async def _send(parcel: Parcel, backend: Backend, outlet: Outlet) -> Ending:
    outcome: Ending
    try:
        crash.point("before_send")
        with within(DEADLINE):
            outcome = await backend.send(parcel, outlet, deadline=DEADLINE)
        crash.point("after_send")
    except TimeoutError:
        said = f"No answer within {DEADLINE:.0f} s"
        again = backend.may_repeat(outlet)
        outcome = Temporary("timeout", f"{said}.") if again else Permanent("timeout", f"{said}, and {MAYBE_SENT}.")
    except asyncio.CancelledError:
        outcome = GivenBack(again=backend.may_repeat(outlet))
    except Exception as error:
        logger.exception("delivery.crashed delivery=%s", parcel.public_id)
        outcome = Temporary("crash", f"{type(error).__name__}: {error}")
    return outcome


_thread: LoopThread | None = None
_lock = threading.Lock()


def loop_thread() -> LoopThread:
    """The one of this process."""
    global _thread
    with _lock:
        if _thread is None:
            _thread = LoopThread()
        return _thread


@atexit.register
def _close() -> None:
    if _thread is not None:
        _thread.close()


def _forget() -> None:
    """In a child of a fork: the parent's thread is not ours, and its lock may be held for ever."""
    global _thread, _lock
    _thread, _lock = None, threading.Lock()


os.register_at_fork(after_in_child=_forget)
