"""Threads for libraries that block: a bounded pool, of which one lane may take no more than a quarter.

A thread whose time is over goes on until its call returns; its place is free again only then, so what hangs in one lane
never takes more than that lane's quarter from the others.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar
from weakref import WeakKeyDictionary

THREADS = 16
SHARE = THREADS // 4

T = TypeVar("T")


async def run(lane: str, call: Callable[[], T], *, deadline: float) -> T:
    """What `call` returns or raises. Raises TimeoutError when that takes longer than `deadline` seconds, waiting for a
    thread included."""
    async with asyncio.timeout(deadline):
        rooms = _rooms.setdefault(asyncio.get_running_loop(), _Rooms())
        await rooms.enter(lane)
        work = _threads().submit(call)
        work.add_done_callback(partial(rooms.leave_from_thread, lane))
        return await asyncio.wrap_future(work)


class _Rooms:
    """The shares of one loop's lanes; a lane that nobody is in takes no memory."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._shares: dict[str, asyncio.Semaphore] = {}
        self._inside: Counter[str] = Counter()

    async def enter(self, lane: str) -> None:
        share = self._shares.setdefault(lane, asyncio.Semaphore(SHARE))
        self._inside[lane] += 1
        try:
            await share.acquire()
        except BaseException:
            self._go(lane)
            raise

    def leave_from_thread(self, lane: str, _work: Future[object]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._leave, lane)

    def _leave(self, lane: str) -> None:
        self._shares[lane].release()
        self._go(lane)

    def _go(self, lane: str) -> None:
        self._inside[lane] -= 1
        if not self._inside[lane]:
            del self._inside[lane], self._shares[lane]


_rooms: WeakKeyDictionary[asyncio.AbstractEventLoop, _Rooms] = WeakKeyDictionary()
_pool: ThreadPoolExecutor | None = None


def _threads() -> ThreadPoolExecutor:
    global _pool
    if _pool is None:
        _pool = ThreadPoolExecutor(THREADS, thread_name_prefix="notifyhub-blocking")
    return _pool


def _forget() -> None:
    """In a child of a fork there are none of these threads."""
    global _pool
    _pool = None
    _rooms.clear()


os.register_at_fork(after_in_child=_forget)
