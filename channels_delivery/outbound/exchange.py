"""One request and its answer, over a connection of an aiohttp connector.

This is what aiohttp's session comes to for a webhook, without what a session does beside it: redirects, cookies,
proxies, credentials, middleware, a task to write the body. Those took as long as the rest of a request.
Used of it are `TCPConnector.connect`, the protocol of its connections and `StreamWriter`; `test_exchanges.py` holds
what is relied on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Self, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.http import HttpProcessingError, RawResponseMessage, StreamWriter
from multidict import CIMultiDict
from yarl import URL

from .answer import HEADER_LINE_BYTES, KEEP_BYTES, OWN_HEADERS, READ_BYTES, Answer, kept_headers

INTERIM_MAX = 8
"""Answers 1xx before the real one."""

WHOLE_BYTES = 1024 * 1024
"""Of an answer with all that frames it: interim answers, names of chunks, fields behind the last one."""

RESTED = 1.0
"""Seconds without use after which a kept connection is looked at before it is used: servers end those that rest, after
two seconds or more."""

TURNS = 4
"""Of the loop, in which it hears what has come on a connection, and ends one of TLS. To ask the system about each one
would hand the interpreter to another thread each time: pushes took 5 % longer."""

_FOREVER = aiohttp.ClientTimeout(total=None, sock_connect=None)  # the deadline stands around all of it


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a URL leads, in the spellings that a request needs. `request` tells connectors whom to dial; it is never
    sent."""

    request: aiohttp.ClientRequest
    path: str
    host: str

    @classmethod
    def of(cls, url: str) -> Self:
        """`url` is in normal form, escapes and all. To be called where an event loop runs."""
        target = URL(url, encoded=True)
        return cls(aiohttp.ClientRequest("GET", target), target.raw_path_qs, target.host_port_subcomponent or "")


class Bounded(ResponseHandler):
    """One connection. It ends where an answer goes on for too long, whatever it is made of. Whoever reads `content`
    when it ends is told: aiohttp does not tell them of what it could not parse behind the head."""

    content: aiohttp.StreamReader | None = None
    used: float | None = None
    """When it was used last, by the monotonic clock."""
    _taken = 0

    def set_response_params(self, **given: Any) -> None:
        self._taken = 0
        super().set_response_params(**given)

    def data_received(self, data: bytes) -> None:
        self._taken += len(data)
        if self._taken > WHOLE_BYTES and self.transport is not None:
            self.transport.abort()
        else:
            super().data_received(data)

    def watch(self, content: aiohttp.StreamReader | None) -> None:
        """Somebody reads this now; None: nobody does any more."""
        self.content = content
        if self.transport is None:
            self._tell()

    async def is_usable(self) -> bool:
        """Whether neither its end nor anything unasked has come. On one that has rested it may have, without the loop
        having got to it yet: what was sent on it would be lost, and nobody would know."""
        if self.used is not None and time.monotonic() - self.used >= RESTED:
            for _ in range(TURNS):
                await asyncio.sleep(0)
        return not self.should_close and self.transport is not None and not self.transport.is_closing()

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        self._tell()

    def _tell(self) -> None:
        if self.content is not None and not self.content.is_eof() and self.content.exception() is None:
            self.content.set_exception(aiohttp.ClientPayloadError("The connection ended amid the answer."))


def bounded(connector: aiohttp.TCPConnector) -> aiohttp.TCPConnector:
    """The same, with connections that are `Bounded`."""
    connector._factory = partial(cast(type[ResponseHandler], Bounded), loop=asyncio.get_running_loop())
    return connector


async def exchange(
    connector: aiohttp.TCPConnector,
    method: str,
    to: Destination,
    headers: Mapping[str, str],
    body: bytes | None,
    *,
    header_lines: int,
) -> Answer:
    """Ask once. The connection is kept when the whole answer was read and nothing else came with it. Raises
    `aiohttp.ClientError`, `HttpProcessingError` or OSError."""
    started = time.monotonic()
    connection, protocol = await _connected(connector, to)
    try:
        protocol.set_response_params(
            read_until_eof=True,
            auto_decompress=False,
            read_bufsize=READ_BYTES // 4,
            max_line_size=HEADER_LINE_BYTES,
            max_field_size=HEADER_LINE_BYTES,
            max_headers=header_lines,
        )
        await _send(protocol, f"{method} {to.path} HTTP/1.1", _fields(connector, to, headers, body), body)
        head, content = await _final(protocol)
        cast(Bounded, protocol).watch(content)
        kept, cut = await _start_of(content)
        cast(Bounded, protocol).watch(None)
        if protocol.transport is not None and protocol.transport.get_write_buffer_size():
            protocol.force_close()  # answered before all of the request was sent
    except BaseException:
        connection.close()
        raise
    cast(Bounded, protocol).used = ended = time.monotonic()
    connection.release()
    return Answer(head.code, kept_headers(head.headers), kept, ended - started, cut)


async def _connected(connector: aiohttp.TCPConnector, to: Destination) -> tuple[Connection, ResponseHandler]:
    """A connection on which nothing has come unasked: that would be read as the answer to this request. Nor its end."""
    while True:
        connection = await connector.connect(to.request, [], _FOREVER)
        protocol = connection.protocol
        assert protocol is not None
        try:
            usable = await cast(Bounded, protocol).is_usable()
        except BaseException:
            connection.close()
            raise
        if usable:
            return connection, protocol
        connection.close()


def _fields(
    connector: aiohttp.TCPConnector, to: Destination, given: Mapping[str, str], body: bytes | None
) -> CIMultiDict[str]:
    fields = CIMultiDict({"Host": to.host, "Accept": "*/*"})
    fields.update(given)
    fields.update(OWN_HEADERS)
    if body is not None:
        fields.setdefault("Content-Type", "application/octet-stream")
        fields["Content-Length"] = str(len(body))
    if connector.force_close:
        fields["Connection"] = "close"
    return fields


async def _send(protocol: ResponseHandler, line: str, fields: CIMultiDict[str], body: bytes | None) -> None:
    """Hand all of it to the transport. Nobody waits until it has left: the answer may come before."""
    writer = StreamWriter(protocol, asyncio.get_running_loop())
    await writer.write_headers(line, fields)
    await writer.write(body or b"", drain=False)


async def _final(protocol: ResponseHandler) -> tuple[RawResponseMessage, aiohttp.StreamReader]:
    """The head of the real answer, with the reader of its body."""
    for _ in range(INTERIM_MAX + 1):
        head, content = await protocol.read()
        if not 100 <= head.code < 200 or head.code == 101:
            return head, content
    raise HttpProcessingError(message="Interim answers only")


async def _start_of(content: aiohttp.StreamReader) -> tuple[bytes, bool]:
    """Keep the start of a body. Reading on a little past it lets the connection be used again; a long one is closed."""
    kept, seen = b"", 0
    while seen <= READ_BYTES and (chunk := await content.readany()):
        kept += chunk[: KEEP_BYTES - len(kept)]
        seen += len(chunk)
    return kept, seen > len(kept)
