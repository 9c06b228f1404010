"""A TCP proxy on this machine that does to connections what networks do to them: late, slow, silent, cut, reset."""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, Self

Ending = Literal["close", "reset", "stall", "half"]


@dataclass(frozen=True)
class Fault:
    """What happens to one direction of a connection. `late`: seconds before each piece is passed on. `drip`: seconds
    between single bytes. After `after` bytes: `close` it, `reset` it, let it `stall` for ever, or `half`-close it:
    this direction ends, the other goes on."""

    late: float = 0.0
    drip: float = 0.0
    after: int | None = None
    then: Ending = "close"


@dataclass(frozen=True)
class Path:
    """A connection: what is asked, and what is answered."""

    asked: Fault = Fault()
    answered: Fault = Fault()


class _BrokenOff(Exception):
    """A fault has ended both directions."""


@dataclass(eq=False)
class _Link:
    near: asyncio.StreamWriter
    far: asyncio.StreamWriter

    def end(self, *, reset: bool) -> None:
        for writer in (self.near, self.far):
            if reset:
                _linger_not(writer)
            writer.transport.abort() if reset else writer.close()


@dataclass
class Proxy:
    """In front of `port`. Each new connection takes the next of `paths`, and `usual` when there is none left."""

    port_behind: int
    usual: Path = Path()
    paths: list[Path] = field(default_factory=list)
    connections: int = 0
    """How many there have been."""
    answered: int = 0
    """Bytes of answers that were passed on."""
    port: int = 0

    def __post_init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        threading.Thread(target=self._loop.run_forever, name="fault-proxy", daemon=True).start()
        self._server = self._call(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)

    def cut(self) -> int:
        """Reset every connection there is now; how many."""

        async def cut_now() -> int:
            links = list(self._links)
            for link in links:
                link.end(reset=True)
            return len(links)

        return self._call(cut_now())

    def _call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _close(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _count(self, passed: int) -> None:
        self.answered += passed

    async def _accept(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        path = self.paths.pop(0) if self.paths else self.usual
        try:
            answers, far = await asyncio.open_connection("127.0.0.1", self.port_behind)
        except OSError:  # nobody there: that is what our side hears as well
            _linger_not(near)
            near.transport.abort()
            return
        link = _Link(near, far)
        self._links.add(link)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pass_on(reader, far, path.asked, link))
                both.create_task(_pass_on(answers, near, path.answered, link, count=self._count))
        except* (OSError, _BrokenOff):
            pass
        except* asyncio.CancelledError:  # the test is over
            pass
        finally:
            self._links.discard(link)
            link.end(reset=False)


async def _pass_on(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    fault: Fault,
    link: _Link,
    *,
    count: Callable[[int], object] = bool,
) -> None:
    left = fault.after
    while left is None or left > 0:
        data = await reader.read(65_536 if left is None else left)
        if not data:
            with suppress(OSError, RuntimeError):
                writer.write_eof()
            return
        await asyncio.sleep(fault.late)
        await _write(writer, data, drip=fault.drip)
        count(len(data))
        left = None if left is None else left - len(data)
    await _end(reader, writer, fault.then, link)


async def _write(writer: asyncio.StreamWriter, data: bytes, *, drip: float) -> None:
    if not drip:
        writer.write(data)
        await writer.drain()
        return
    for byte in data:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(drip)


async def _end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, then: Ending, link: _Link) -> None:
    match then:
        case "close" | "reset":
            link.end(reset=then == "reset")
            raise _BrokenOff
        case "half":
            writer.write_eof()
    while await reader.read(65_536):  # what else comes is lost
        pass


def _linger_not(writer: asyncio.StreamWriter) -> None:
    """Have its end be an RST instead of a FIN."""
    with suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
