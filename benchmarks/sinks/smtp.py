"""A mail server that takes everything: `python -m benchmarks.sinks.smtp PORT HOST`.

It offers what Postfix does, PIPELINING and SIZE among it, and reads no more of a letter than where it ends. XSEEN says
in JSON how many letters came by how many connections, and how many seconds of a core this process took.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import cast

import uvloop

HELLO = b"250-sink\r\n250-PIPELINING\r\n250-SIZE 40960000\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
END = b"\r\n.\r\n"


class Seen:
    letters = 0
    connections = 0


class Conversation(asyncio.Protocol):
    """One connection. What is answered to commands that came together leaves together."""

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._rest = b""
        self._in_letter = False
        self._letters = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._rest += data
        answers = []
        while True:
            end = END if self._in_letter else b"\r\n"
            said, found, rest = self._rest.partition(end)
            if not found:
                break
            self._rest = rest
            answers.append(self._taken() if self._in_letter else self._answer(said[:4].upper()))
        if answers:
            self._transport.write(b"".join(answers))

    def _taken(self) -> bytes:
        self._in_letter = False
        Seen.letters += 1
        Seen.connections += not self._letters
        self._letters += 1
        return b"250 2.0.0 taken\r\n"

    def _answer(self, verb: bytes) -> bytes:
        match verb:
            case b"DATA":
                self._in_letter = True
                return b"354 go on\r\n"
            case b"EHLO":
                return HELLO
            case b"XSEE":
                told = {"letters": Seen.letters, "connections": Seen.connections, "seconds": time.process_time()}
                return b"250 " + json.dumps(told).encode() + b"\r\n"
            case b"QUIT":
                return b"221 2.0.0 bye\r\n"
            case _:
                return b"250 2.0.0 ok\r\n"


async def listen(port: int, host: str) -> None:
    server = await asyncio.get_running_loop().create_server(Conversation, host, port, backlog=1024)
    print("listens", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(listen(int(sys.argv[1]), sys.argv[2]))
