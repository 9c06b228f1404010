"""One socket: an ASGI application that lets a browser in, greets it, and does what it asks. Idle, it holds no task, no
queue and no database connection.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from ..conf import conf
from . import doors
from .credentials import Credential, Identity, Inbox
from .rows import Position

if TYPE_CHECKING:
    from .hub import Hub

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

Watched = tuple[int, str, str]
"""An object as its client names it: tenant, kind, id."""

FRAME_MAX = 64 * 1024
"""Bytes of a frame from a client."""

PER_SECOND, BURST = 10.0, 20.0
"""Frames a client may send."""

BACKLOG_MAX = 1024 * 1024
"""Bytes that wait for a reader who does not read, until they are cut off."""


class Gone(IntEnum):
    """Why a socket was closed, as its close code."""

    TOO_LARGE = 1009
    RESTART = 1012
    SIGNED_OUT = 4001
    REFUSED = 4003
    SLOW = 4008
    TOO_MANY = 4009
    TOO_FAST = 4029


class Socket:
    """What the hub knows of one. `positions` says for each inbox how far the client was told; `watching` how the
    objects it watches are named on the line."""

    __slots__ = (
        "_allowed",
        "_asked_at",
        "_backlog",
        "_code",
        "_queue",
        "_send",
        "_task",
        "_writer",
        "credential",
        "greeted",
        "inboxes",
        "positions",
        "watching",
    )

    def __init__(self, identity: Identity, send: Send) -> None:
        self.credential: Credential = identity.credential
        self.inboxes: dict[int, Inbox] = {inbox.person: inbox for inbox in identity.inboxes}
        self.positions = dict.fromkeys(self.inboxes, Position())
        self.watching: dict[Watched, str] = {}
        self.greeted = False
        self._send = send
        self._queue: deque[str] | None = None
        self._backlog = 0
        self._writer: asyncio.Task[None] | None = None
        self._task = asyncio.current_task()
        self._code: int | None = None
        self._allowed, self._asked_at = BURST, time.monotonic()

    def slug(self, person: int) -> str:
        return self.inboxes[person].slug

    def tenant(self, person: int) -> int:
        return self.inboxes[person].tenant

    def person(self, slug: str | None) -> int | None:
        """Who this is in a tenant; in the current one unless it is named."""
        if slug is None:
            return next(iter(self.inboxes))
        return next((person for person, inbox in self.inboxes.items() if inbox.slug == slug), None)

    def push(self, text: str) -> None:
        """Have this sent, in order. Whoever does not read is cut off, and nobody else waits."""
        if self._code is not None:
            return
        if self._queue is None:
            self._queue = deque()
        self._queue.append(text)
        self._backlog += len(text)
        if self._backlog > BACKLOG_MAX:
            self.end(Gone.SLOW)
        elif self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._write())

    def end(self, code: int) -> None:
        """Close it, from wherever it is."""
        if self._code is None and self._task is not None:
            self._code = code
            self._task.cancel()

    @property
    def ended(self) -> bool:
        """Whether it is closed by us, or about to be."""
        return self._code is not None

    async def _write(self) -> None:
        try:
            while self._queue:
                text = self._queue.popleft()
                self._backlog -= len(text)
                await self._send({"type": "websocket.send", "text": text})
        except Exception:  # the client is gone: the server will say so to whoever receives
            self._backlog = 0
        finally:
            self._queue = self._writer = None

    def allows(self) -> bool:
        """Whether the client may send one more frame now."""
        now = time.monotonic()
        self._allowed = min(self._allowed + (now - self._asked_at) * PER_SECOND, BURST) - 1
        self._asked_at = now
        return self._allowed >= 0

    async def closed(self) -> None:
        """Say why, if it was us."""
        if self._writer is not None:
            self._writer.cancel()
        self._queue = None
        if self._code is not None:
            with suppress(Exception):
                async with asyncio.timeout(2):
                    await self._send({"type": "websocket.close", "code": int(self._code)})


async def inbox_socket(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application of `/ws/notifications/`."""
    from .hub import hub

    await receive()  # websocket.connect
    here = hub()
    door = await doors.open_door(scope, here.read)
    if door.identity is None:
        await send({"type": "websocket.close", "code": int(Gone.REFUSED)})  # before the handshake: HTTP 403
        return
    await send({"type": "websocket.accept", "subprotocol": door.protocol})
    socket = Socket(door.identity, send)
    try:
        if any(len(here.sockets.get(person, ())) >= conf().sockets_per_person for person in socket.positions):
            socket.end(Gone.TOO_MANY)
        await here.join(socket)
        await _converse(socket, here, receive)
    except asyncio.CancelledError:
        if socket._code is None:
            raise  # the server is shutting down
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()
    finally:
        here.leave(socket)
        await socket.closed()


async def _converse(socket: Socket, here: Hub, receive: Receive) -> None:
    from .asked import answer

    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return
        text = message.get("text")
        if text is None or len(text) > FRAME_MAX:
            socket.end(Gone.TOO_LARGE)
            return
        if not socket.allows():
            socket.end(Gone.TOO_FAST)
            return
        try:
            asked = json.loads(text)
        except (ValueError, RecursionError):
            asked = None
        await answer(asked if isinstance(asked, dict) else {}, socket, here)
