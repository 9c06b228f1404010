"""Holds sockets open and counts the frames that come: `python -m benchmarks.sinks.audience`, asked by JSON lines.

It counts texts that begin as `wanted` says, reads no more of a frame than its head, and parses none unless it is asked
to `note` them. It offers no compression. Its clock is `time.perf_counter()`, which all processes of a machine share.

    {"do": "open", "address": ["127.0.0.1", 18490], "path": "/", "origin": "http://…", "protocols": ["…", …]}
    {"do": "expect", "wanted": "{\\"type\\": \\"item\\"", "number": 2000, "note": false}
    {"do": "ended", "patience": 2.0}
    {"do": "close"}
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any, TypeVar, cast

import uvloop

from benchmarks.peers.lines import serve

AT_ONCE = 50
"""Handshakes under way at a time."""

TEXT, PING, PONG, MASKED, NO_MASK = 0x81, 0x89, 0x8A, 0x80, bytes(4)
LOOK = 0.02
Answer = TypeVar("Answer")


class Counted:
    """What came since `expect`."""

    def __init__(self, wanted: str, number: int, *, note: bool) -> None:
        self.wanted, self.number, self.note = wanted.encode(), number, note
        self.sockets: Counter[int] = Counter()
        self.frames = 0
        self.last = 0.0
        self.sample = ""
        self.noted: list[tuple[int, float]] = []
        self.processor = time.process_time()
        self.began = time.perf_counter()
        self.all_there = asyncio.Event()

    def take(self, socket: int, text: bytes) -> None:
        if not text.startswith(self.wanted):
            return
        if self.note:
            json.loads(text)
            self.noted.append((socket, time.perf_counter()))
        self.frames += 1
        self.sockets[socket] += 1
        if self.frames >= self.number:
            self.all_there.set()
        self.last = time.perf_counter()
        if not self.sample:
            self.sample = text.decode()


class Listener(asyncio.Protocol):
    """One socket: a handshake, then frames of the server, which are never masked."""

    transport: asyncio.Transport

    def __init__(self, audience: Audience, number: int, hello: bytes) -> None:
        self._audience, self._number, self._hello = audience, number, hello
        self._rest = b""
        self.is_open = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self._hello)

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        if not self.is_open.done():
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._rest = data
                return
            if not data.startswith(b"HTTP/1.1 101 "):
                self.is_open.set_exception(ConnectionError(data[:100].decode()))
                return
            self.is_open.set_result(None)
            data = data[end + 4 :]
        while (parts := head(data)) is not None:
            start, end = parts
            if len(data) < end:
                break
            if data[0] == TEXT:
                self._audience.counted.take(self._number, data[start:end])
            elif data[0] == PING:
                self.transport.write(bytes([PONG, MASKED | end - start]) + NO_MASK + data[start:end])
            data = data[end:]
        self._rest = data

    def connection_lost(self, error: Exception | None) -> None:
        self._audience.lost += 1
        if not self.is_open.done():
            self.is_open.set_exception(ConnectionError("closed before the handshake"))


def head(data: bytes) -> tuple[int, int] | None:
    """Where the content of the first frame starts and ends."""
    if len(data) < 2:
        return None
    size = data[1]
    if size < 126:
        return 2, 2 + size
    if size == 126:
        return None if len(data) < 4 else (4, 4 + int.from_bytes(data[2:4], "big"))
    return None if len(data) < 10 else (10, 10 + int.from_bytes(data[2:10], "big"))


class Audience:
    """The sockets, on a loop of their own, so that what is asked for waits beside them."""

    def __init__(self) -> None:
        self._loop = uvloop.new_event_loop()
        self._sockets: list[Listener] = []
        self.lost = 0
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self.counted = self._on_loop(self._counting("", 0, note=False))

    def open(self, *, address: list[Any], path: str, origin: str, protocols: Sequence[str]) -> dict[str, Any]:
        """A socket for each of these offers of subprotocols; an empty one offers none."""
        return self._on_loop(self._open(address[0], address[1], path, origin, protocols))

    def expect(self, *, wanted: str, number: int, note: bool = False) -> dict[str, Any]:
        self.counted = self._on_loop(self._counting(wanted, number, note=note))
        return {}

    def ended(self, *, patience: float) -> dict[str, Any]:
        """Once all is there, or nothing came for so many seconds: how many frames, on how many sockets, by when."""
        self._on_loop(self._until_all_is_there(patience))
        seen = self.counted
        return {
            "frames": seen.frames,
            "sockets": len(seen.sockets),
            "last": seen.last,
            "sample": seen.sample,
            "noted": seen.noted,
            "processor": time.process_time() - seen.processor,
            "lost": self.lost,
        }

    def close(self) -> dict[str, Any]:
        self._on_loop(self._close())
        return {}

    async def _open(self, host: str, port: int, path: str, origin: str, protocols: Sequence[str]) -> dict[str, Any]:
        slots = asyncio.Semaphore(AT_ONCE)

        async def open_one(number: int, offer: str) -> Listener:
            async with slots, asyncio.timeout(60):
                hello = handshake(host, port, path, origin, offer)
                _, made = await self._loop.create_connection(lambda: Listener(self, number, hello), host, port)
                await made.is_open
                return made

        first = len(self._sockets)
        self._sockets += await asyncio.gather(*(open_one(first + n, offer) for n, offer in enumerate(protocols)))
        return {"open": len(self._sockets)}

    async def _counting(self, wanted: str, number: int, *, note: bool) -> Counted:
        return Counted(wanted, number, note=note)

    async def _until_all_is_there(self, patience: float) -> None:
        seen = self.counted
        while not seen.all_there.is_set() and time.perf_counter() - max(seen.last, seen.began) < patience:
            with suppress(TimeoutError):
                await asyncio.wait_for(seen.all_there.wait(), LOOK)

    async def _close(self) -> None:
        for socket in self._sockets:
            socket.transport.abort()
        self._sockets.clear()

    def _on_loop(self, coroutine: Coroutine[Any, Any, Answer]) -> Answer:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()


def handshake(host: str, port: int, path: str, origin: str, protocols: str) -> bytes:
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}:{port}",
        f"Origin: {origin}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        "Sec-WebSocket-Version: 13",
        *([f"Sec-WebSocket-Protocol: {protocols}"] if protocols else []),
    ]
    return "\r\n".join([*lines, "", ""]).encode()


if __name__ == "__main__":
    audience = Audience()
    serve({"open": audience.open, "expect": audience.expect, "ended": audience.ended, "close": audience.close})
