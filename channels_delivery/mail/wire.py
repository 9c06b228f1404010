"""One connection as lines that come and bytes that go. What comes is bounded, and what came before TLS is not believed
after it."""

from __future__ import annotations

import asyncio
import ssl
from typing import cast

from ..outbound.answer import failure

LINE_BYTES = 2_048
HELD_BYTES = 64 * 1024


class Lost(Exception):
    """The connection ended, or what came over it was no SMTP."""


class Wire(asyncio.Protocol):
    def __init__(self) -> None:
        self.over = False
        self._transport: asyncio.Transport
        self._held = bytearray()
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._full = False

    @property
    def quiet(self) -> bool:
        """Whether it stands and nothing was said that nobody asked for."""
        return not self.over and not self._held

    async def line(self) -> bytes:
        """The next line, without its end. Raises `Lost`."""
        while (end := self._held.find(b"\n")) < 0:
            if self.over or len(self._held) > LINE_BYTES:
                raise Lost
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        if end > LINE_BYTES:
            raise Lost
        found = bytes(self._held[:end]).rstrip(b"\r")
        del self._held[: end + 1]
        return found

    def write(self, *data: bytes) -> None:
        if self.over:
            raise Lost
        self._transport.writelines(data)

    async def written(self) -> None:
        """Wait until most of it has left."""
        while self._full and not self.over:
            self._writer = asyncio.get_running_loop().create_future()
            try:
                await self._writer
            finally:
                self._writer = None

    async def secure(self, context: ssl.SSLContext, host: str) -> None:
        """Go on in TLS. Raises `OutboundError`, and `Lost` when the server said more than it was asked for."""
        if not self.quiet:
            raise Lost
        loop = asyncio.get_running_loop()
        try:
            secured = await loop.start_tls(self._transport, self, context, server_hostname=host)
        except OSError as error:
            raise failure(error) from error
        if secured is None:
            raise Lost
        self._transport = secured

    @property
    def local_address(self) -> str:
        return str(self._transport.get_extra_info("sockname", ("127.0.0.1",))[0])

    def close(self) -> None:
        self.over = True
        self._transport.close()

    def abort(self) -> None:
        self.over = True
        self._transport.abort()

    # -- what the event loop calls --

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._held += data
        if len(self._held) > HELD_BYTES:
            self.abort()
        _wake(self._reader)

    def eof_received(self) -> bool:
        self.over = True
        _wake(self._reader)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.over = True
        _wake(self._reader)
        _wake(self._writer)

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        _wake(self._writer)


def _wake(waiting: asyncio.Future[None] | None) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)
