"""The line from whoever writes to the hubs: one message after the commit, to the hub of this process directly and to
those of others by the channel layer. Whoever writes never waits for it, and a message may be lost.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.db import connections

try:
    from channels.layers import InMemoryChannelLayer, get_channel_layer
except ImportError:  # a site without Channels has the hub of its own process only
    get_channel_layer = None

logger = logging.getLogger(__name__)

Message = Mapping[str, Any]

GROUP = "nh.nodes"
"""The group that every hub joins."""

PEOPLE_MAX = 1_000
"""Recipients named in one hint, and objects."""

PATIENCE = 1.0  # seconds for the layer to take a message
SILENCE = 5.0  # seconds without a message after a failed one
WAITING_MAX = 1_000
"""Messages on their way at once; what comes on top is dropped, and found by the heartbeat."""

NODE = uuid.uuid4().hex
SENT: Counter[str] = Counter()
"""What became of the messages of this process: `sent`, `failed`, `silent`, `dropped`."""

_listeners: list[Callable[[Message], None]] = []


def hint(recipients: Iterable[int] = (), *, objects: Iterable[UUID] = (), using: str = "default") -> None:
    """Once the current transaction commits, tell the hubs that something of these people's changed, or these objects
    did. One call a transaction, however often this is called; nothing when it rolls back."""
    connection = connections[using]
    within = set(connection.savepoint_ids)
    for savepoints, callback, *_ in connection.run_on_commit:
        # Savepoints that it has beyond ours were released, and cannot be rolled back by themselves any more.
        if isinstance(callback, _Hint) and savepoints >= within:
            callback.add(recipients, objects)
            return
    call = _Hint()
    call.add(recipients, objects)
    connection.on_commit(call, robust=True)


def send_after_commit(message: Message, *, using: str = "default") -> None:
    """Once the current transaction commits, send this to every hub."""
    connections[using].on_commit(lambda: send(message), robust=True)


def send(message: Message) -> None:
    """Send this to every hub, now. Returns at once; a hub that cannot be reached is not told."""
    for listener in tuple(_listeners):
        listener(message)
    outside = layer()
    if outside is None:
        return
    _wire().send(outside, {**message, "node": NODE})


def listen(listener: Callable[[Message], None]) -> None:
    """Have the hub of this process told directly; `listener` is called on the thread of whoever writes."""
    _listeners.append(listener)


def unlisten(listener: Callable[[Message], None]) -> None:
    with suppress(ValueError):
        _listeners.remove(listener)


class _Hint:
    """The after-commit callback. It has a name to be found by."""

    __qualname__ = "hint"

    def __init__(self) -> None:
        self._people: set[int] = set()
        self._objects: set[UUID] = set()

    def add(self, people: Iterable[int], objects: Iterable[UUID]) -> None:
        self._people.update(people)
        self._objects.update(objects)

    def __call__(self) -> None:
        people, objects = sorted(self._people), [one.hex for one in self._objects]
        for start in range(0, max(len(people), len(objects)), PEOPLE_MAX):
            part = slice(start, start + PEOPLE_MAX)
            send({"type": "nh.hint", "people": people[part], "objects": objects[part]})


def layer() -> Any:
    """The channel layer, if it leads out of this process."""
    found = get_channel_layer() if get_channel_layer is not None else None
    return None if found is None or isinstance(found, InMemoryChannelLayer) else found


class _Wire:
    """A thread with a loop of its own: a layer keeps its connections by loop, and whoever writes may have none."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._waiting: set[Future[None]] = set()
        self._silent_until = 0.0
        threading.Thread(target=self._loop.run_forever, name="notifyhub-line", daemon=True).start()

    def send(self, layer: Any, message: dict[str, Any]) -> None:
        if time.monotonic() < self._silent_until:
            SENT["silent"] += 1
        elif len(self._waiting) >= WAITING_MAX:
            SENT["dropped"] += 1
        else:
            future = asyncio.run_coroutine_threadsafe(self._sent(layer, message), self._loop)
            self._waiting.add(future)
            future.add_done_callback(self._waiting.discard)

    async def _sent(self, layer: Any, message: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await layer.group_send(GROUP, message)
        except Exception as error:  # whatever the layer raises: the heartbeat finds what was missed
            SENT["failed"] += 1
            self._silent_until = time.monotonic() + SILENCE
            logger.warning("live.line_failed error=%s", type(error).__name__)
        else:
            SENT["sent"] += 1

    def flush(self) -> None:
        """Let what is on its way go, for a short while: a command that ends at once would take it along."""
        until = time.monotonic() + 0.3
        for future in list(self._waiting):
            with suppress(Exception):
                future.result(timeout=max(until - time.monotonic(), 0.0))


_own: _Wire | None = None
_lock = threading.Lock()


def _wire() -> _Wire:
    global _own
    with _lock:
        if _own is None:
            _own = _Wire()
        return _own


@atexit.register
def _flush() -> None:
    if _own is not None:
        _own.flush()


def _forget() -> None:
    """In a child of a fork: the parent's thread is not ours, and its lock may be held for ever."""
    global _own, _lock, NODE
    _own, _lock, NODE = None, threading.Lock(), uuid.uuid4().hex
    _listeners.clear()


os.register_at_fork(after_in_child=_forget)
