"""Connections for what is not HTTP: to the mail servers that tenants name, and to the site's own.

A tenant's host is looked up, all its addresses are checked, and the checked address is the one that is dialled.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from contextlib import suppress
from typing import TypeVar
from weakref import WeakValueDictionary

from .answer import Blocked, failure
from .names import Lookup, Names, system_lookup
from .policy import Rules, allowed, check_server

CONNECT_SECONDS = 10.0
"""For one address, so that a dead one leaves time for the next."""

P = TypeVar("P", bound=asyncio.BaseProtocol)


class Dialler:
    """Connects to servers that tenants chose. Make one per event loop and keep it. Raises `OutboundError`."""

    def __init__(self, rules: Rules, *, lookup: Lookup = system_lookup, threads: int = 16) -> None:
        self._rules = rules
        self._names = Names(rules, lookup=lookup, threads=threads)
        self._at_once = max(1, threads // 4)
        self._shares: WeakValueDictionary[Hashable, asyncio.Semaphore] = WeakValueDictionary()

    def close(self) -> None:
        self._names.close()

    async def connect(
        self, protocol: Callable[[], P], host: str, port: int, *, tenant: Hashable, tls: ssl.SSLContext | None
    ) -> P:
        """The protocol of a new connection; with `tls`, after a handshake in which `host` was proven. One tenant fills
        a quarter of the threads that ask DNS, no more."""
        loop = asyncio.get_running_loop()
        try:
            if check_server(host, port, self._rules):
                raise Blocked
            dialled = await self._dial_one_of(await self._lookup(host, port, tenant), host, port)
            shown = host if tls else None
            _, made = await loop.create_connection(protocol, sock=dialled, ssl=tls, server_hostname=shown)
        except OSError as error:
            raise failure(error) from error
        return made

    async def _lookup(self, host: str, port: int, tenant: Hashable) -> list[str]:
        loop = asyncio.get_running_loop()
        share = self._shares.setdefault(tenant, asyncio.Semaphore(self._at_once))
        await share.acquire()

        def give_back(_: Future[list[str]]) -> None:
            with suppress(RuntimeError):  # the loop may be gone before its last lookup
                loop.call_soon_threadsafe(share.release)

        looked_up = self._names.submit(host, port)
        looked_up.add_done_callback(give_back)
        return await asyncio.wrap_future(looked_up)

    async def _dial_one_of(self, addresses: list[str], host: str, port: int) -> socket.socket:
        failed: OSError | None = None
        for address in addresses:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    return await self._dial(address, host, port)
            except OSError as error:
                failed = error
        assert failed is not None  # a lookup without an answer is an error
        raise failed

    async def _dial(self, address: str, host: str, port: int) -> socket.socket:
        if not allowed(address, port, None, rules=self._rules.for_host(host)):
            raise Blocked
        connection = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        try:
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.get_running_loop().sock_connect(connection, (address, port))
        except BaseException:
            connection.close()
            raise
        return connection


async def connect_to_own(protocol: Callable[[], P], host: str, port: int, *, tls: ssl.SSLContext | None) -> P:
    """The same to a server that the site's operator named, which may be anywhere, this machine included."""
    loop = asyncio.get_running_loop()
    try:
        _, made = await loop.create_connection(protocol, host, port, ssl=tls)
    except OSError as error:
        raise failure(error) from error
    return made
