"""A receiver of webhooks: `python -m benchmarks.sinks.http PORT HOSTS [CERTIFICATE KEY]`, hosts parted by commas.

What it answers to a POST is in the path: /fast 204 and /push 201 at once, /slow 204 after 50 ms, /hang 204 when
somebody asks for /release. GET /seen says in JSON how many POSTs came, and how many seconds of a core this process
took for them.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import time
from typing import cast

import uvloop

SLOW = 0.05
DONE = b"HTTP/1.1 204 No Content\r\n\r\n"
MADE = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"


class State:
    posts = 0
    hanging: list[asyncio.Transport] = []


class Receiver(asyncio.Protocol):
    """One connection. Reads heads and lengths, and nothing of the bodies."""

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        while (end := data.find(b"\r\n\r\n")) >= 0:
            whole = end + 4 + length_of(data[:end])
            if len(data) < whole:
                break
            self._answer(data[: data.index(b"\r\n")])
            data = data[whole:]
        self._rest = data

    def _answer(self, line: bytes) -> None:
        method, path, _ = line.split(b" ", 2)
        if method == b"POST":
            State.posts += 1
            if path.startswith(b"/fast"):
                self._transport.write(DONE)
            elif path.startswith(b"/push"):
                self._transport.write(MADE)
            elif path.startswith(b"/slow"):
                asyncio.get_running_loop().call_later(SLOW, finish, self._transport)
            else:
                State.hanging.append(self._transport)
            return
        if path == b"/release":
            for transport in State.hanging:
                finish(transport)
            State.hanging.clear()
        body = json.dumps({"posts": State.posts, "seconds": time.process_time()}).encode()
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


def finish(transport: asyncio.Transport) -> None:
    """Answer, unless whoever asked has gone."""
    if not transport.is_closing():
        transport.write(DONE)


def length_of(head: bytes) -> int:
    lower = head.lower()
    start = lower.find(b"\r\ncontent-length:")
    if start < 0:
        return 0
    end = lower.find(b"\r\n", start + 2)
    return int(lower[start + 17 : end if end >= 0 else None])


async def listen(port: int, hosts: list[str], certificate: list[str]) -> None:
    tls = None
    if certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(*certificate)
    server = await asyncio.get_running_loop().create_server(Receiver, hosts, port, ssl=tls, backlog=1024)
    print("listens", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(listen(int(sys.argv[1]), sys.argv[2].split(","), sys.argv[3:]))
