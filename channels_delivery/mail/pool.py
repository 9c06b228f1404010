"""Connections that are kept: a few to each server, each for many letters, none shared between tenants."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from ..outbound import site
from ..outbound.policy import Rules
from ..outbound.streams import Dialler, connect_to_own
from .conversation import Conversation, Refusal
from .server import Server
from .unsendable import Unsendable
from .wire import Wire

AT_ONCE = 4
"""Connections to one server, by one tenant (or the site) and one process."""

LETTERS = 500
"""That one connection takes; some servers do not like more."""

IDLE = 30.0
"""Seconds after which an unused connection is closed."""


@dataclass
class _Line:
    """What we have to one server. Those used last are used first, so that the others can be let go."""

    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    idle: list[Conversation] = field(default_factory=list)
    users: int = 0


class Pool:
    """For one event loop, and the address rules that were in force when it was made."""

    def __init__(self, rules: Rules, *, threads: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._rules = rules
        self._dialler = Dialler(rules, threads=threads)
        self._lines: dict[Server, _Line] = {}
        self._sweep: asyncio.TimerHandle | None = None

    def fits(self) -> bool:
        """Whether it is of this loop and of the rules now in force."""
        return self._loop is asyncio.get_running_loop() and self._rules == site.mail_rules()

    @asynccontextmanager
    async def conversation(self, server: Server, *, fresh: bool = False) -> AsyncIterator[tuple[Conversation, bool]]:
        """A connection to hand over one letter by, and whether it was used before; `fresh` asks for a new one. It is
        kept afterwards unless the block was left by anything but a refusal."""
        line = self._lines.setdefault(server, _Line())
        line.users += 1
        try:
            async with line.room:
                kept = None if fresh else _pop_usable(line)
                one = kept or await Conversation.begin(server, partial(self._connect, server))
                try:
                    yield one, kept is not None
                except (Refusal, Unsendable):
                    raise
                except BaseException:  # nobody knows where in a sentence we are
                    one.abort()
                    raise
                finally:
                    self._give_back(line, one)
        finally:
            line.users -= 1

    def close(self) -> None:
        """Take leave of all servers. Of a loop that is gone, nothing can be said any more."""
        self._dialler.close()
        if self._loop is not asyncio.get_running_loop():
            return
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        for line in self._lines.values():
            while line.idle:
                line.idle.pop().quit()
        self._lines.clear()

    async def _connect(self, server: Server) -> Wire:
        tls = server.tls if server.security == "tls" else None
        if server.tenant is None:
            return await connect_to_own(Wire, server.host, server.port, tls=tls)
        return await self._dialler.connect(Wire, server.host, server.port, tenant=server.tenant, tls=tls)

    def _give_back(self, line: _Line, one: Conversation) -> None:
        if not one.usable:
            one.abort()
        elif one.taken >= LETTERS:
            one.quit()
        else:
            one.idle_since = time.monotonic()
            line.idle.append(one)
            if self._sweep is None:
                self._sweep = self._loop.call_later(IDLE, self._let_go)

    def _let_go(self) -> None:
        """Close what was not used for long, and forget servers that nobody uses."""
        before = time.monotonic() - IDLE
        for server, line in list(self._lines.items()):
            for one in [one for one in line.idle if one.idle_since <= before]:
                line.idle.remove(one)
                one.quit()
            if not line.idle and not line.users:
                del self._lines[server]
        kept = any(line.idle for line in self._lines.values())
        self._sweep = self._loop.call_later(IDLE / 2, self._let_go) if kept else None


def _pop_usable(line: _Line) -> Conversation | None:
    while line.idle:
        one = line.idle.pop()
        if one.usable:
            return one
        one.abort()
    return None
