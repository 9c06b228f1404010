"""The receiver of webhooks in fault tests: answers by a rule, and keeps what it saw, with the times."""

import asyncio
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from tests.channels_delivery.receiver import Got


@dataclass(frozen=True)
class Reply:
    """`after` seconds this status, these fields and this body; `hangs`: nothing, until the other side is gone. `drip`:
    seconds between single bytes. `asks`: the seconds of patience that its fields ask for."""

    status: int = 200
    fields: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    after: float = 0.0
    hangs: bool = False
    drip: float = 0.0
    asks: float = 0.0


@dataclass
class Seen:
    """One request. Times are those of `time.time()`; `done` is when it was answered or given up, None before."""

    got: Got
    at: float
    done: float | None = None
    reply: Reply | None = None

    @property
    def id(self) -> str:
        return self.got.headers["webhook-id"]

    @property
    def path(self) -> str:
        return self.got.path


Rule = Callable[[Seen], Reply]


class Sink:
    """`rule` says what to answer, and may be changed at any time."""

    def __init__(self) -> None:
        self.rule: Rule = lambda _: Reply()
        self.seen: list[Seen] = []
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[Any]] = set()

    def __enter__(self) -> Self:
        threading.Thread(target=self._loop.run_forever, name="sink", daemon=True).start()
        self._server = self._call(asyncio.start_server(self._accept, "127.0.0.1", 0, backlog=1_000))
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def forget(self) -> None:
        """As if nobody had been here."""
        self.rule = lambda _: Reply()
        self.seen.clear()

    def by_id(self) -> dict[str, list[Seen]]:
        """Every request by its `webhook-id`, in the order of their coming."""
        found = defaultdict[str, list[Seen]](list)
        for seen in list(self.seen):
            found[seen.id].append(seen)
        return found

    def _call(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _close(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            while True:
                seen = await _request(reader)
                self.seen.append(seen)
                seen.reply = self.rule(seen)
                try:
                    await _answer(seen.reply, reader, writer)
                finally:
                    seen.done = time.time()
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


def first_and_then(first: Reply, then: Reply | None = None) -> Rule:
    """The first request of each id gets one answer, all further ones another."""
    known: set[str] = set()

    def rule(seen: Seen) -> Reply:
        fresh = seen.id not in known
        known.add(seen.id)
        return first if fresh else then or Reply()

    return rule


def most_at_once(requests: Sequence[Seen]) -> int:
    """How many of these were being answered at the same moment, at most."""
    moments = [(seen.at, 1) for seen in requests] + [(seen.done or time.time(), -1) for seen in requests]
    most = now = 0
    for _, step in sorted(moments):
        now += step
        most = max(most, now)
    return most


async def _request(reader: asyncio.StreamReader) -> Seen:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in head[1:] if line)
    at = time.time()
    body = await reader.readexactly(int(headers.get("Content-Length", 0)))
    return Seen(Got(head[0].split(" ")[1], headers, body), at)


async def _answer(reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if reply.hangs:
        while await reader.read(65_536):
            pass
        raise EOFError
    if reply.after:
        await asyncio.sleep(reply.after)
    fields = "".join(f"{name}: {value}\r\n" for name, value in reply.fields.items())
    head = f"HTTP/1.1 {reply.status} Said\r\n{fields}Content-Length: {len(reply.body)}\r\n\r\n"
    data = head.encode() + reply.body
    if reply.drip:
        for byte in data:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(reply.drip)
    else:
        writer.write(data)
        await writer.drain()
