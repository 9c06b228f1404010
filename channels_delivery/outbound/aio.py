"""The client of the loop thread: aiohttp behind the address policy.

Three checks, each enough on its own: the URL, all answers of DNS (`names.py`), and the address that a socket is about
to be connected to. Every tenant has a pool of its own: what one tenant's endpoint left in a connection is never read
as the answer to another tenant, and a connection is never reused by somebody for whom it was not checked.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.http import HttpProcessingError

from ..conf import conf
from ..deadline import within
from . import site
from .answer import DETAIL_CHARACTERS, Answer, Blocked, Code, OutboundError, failure
from .exchange import Destination, bounded, exchange
from .headers import sendable
from .names import Lookup, Names, system_lookup
from .policy import Reason, Refused, Rules, allowed, check_url
from .trust import kept_context


@dataclass(frozen=True)
class Limits:
    """Counts of one tenant in one process, unless said otherwise; times in seconds."""

    per_host: int = 32
    connections: int = 128
    tenants: int = 256  # pools kept; beyond that the one unused for longest is closed
    keep_alive: float = 15.0
    dns_threads: int = 16  # of all tenants together; one of them may fill a quarter
    dns_seconds: int = 10  # how long an answer of DNS, checked once, is used for new connections
    header_lines: int = 100


@dataclass
class Pool:
    connector: aiohttp.TCPConnector
    busy: int = field(default=0)


class Outbound:
    """Sends requests to addresses that tenants chose. Make one per event loop and keep it:

        async with Outbound(rules) as out:
            answer = await out.post(url, headers=headers, body=body, deadline=10.0, tenant=tenant_id)

    Raises `OutboundError` and nothing else. `lookup` and `tls` are for tests and sites with their own.
    """

    def __init__(
        self,
        rules: Rules,
        *,
        lookup: Lookup = system_lookup,
        tls: ssl.SSLContext | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._rules = rules
        self._limits = limits or Limits()
        self._tls = tls or kept_context()
        self._names = Names(rules, lookup=lookup, threads=self._limits.dns_threads)
        self._pools: OrderedDict[Hashable, Pool] = OrderedDict()
        self._target = lru_cache(2048)(self._read_target)

    @classmethod
    def of_site(cls) -> Self:
        """The client that the site's settings ask for."""
        given = conf()
        limits = Limits(
            per_host=given.connections_per_host,
            connections=given.connections_per_tenant,
            dns_threads=given.dns_threads,
        )
        return cls(site.rules(), tls=kept_context(given.ca_file), limits=limits)

    @staticmethod
    def prepare() -> None:
        """Read the authorities, which takes longest, before the first request."""
        kept_context(conf().ca_file)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        while self._pools:
            await self._pools.popitem()[1].connector.close()
        self._names.close()

    async def post(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes,
        deadline: float,
        tenant: Hashable = None,
    ) -> Answer:
        """POST `body` once: no redirect, no retry, no cookie, no proxy. `deadline`, in seconds, covers all of it, from
        DNS to the end of the answer. `tenant` names the pool of connections; without it none is kept.
        """
        return await self._request("POST", url, headers=headers, body=body, deadline=deadline, tenant=tenant)

    async def get(self, url: str, *, headers: Mapping[str, str], deadline: float, tenant: Hashable = None) -> Answer:
        """GET under the same promises as `post`."""
        return await self._request("GET", url, headers=headers, body=None, deadline=deadline, tenant=tenant)

    async def _request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None,
        deadline: float,
        tenant: Hashable,
    ) -> Answer:
        target = self._target(url)
        if isinstance(target, Refused):
            raise OutboundError(Code.REFUSED, target.reason)
        if not sendable(headers):
            raise OutboundError(Code.REFUSED, Reason.HEADER)
        pool = await self._pool(tenant)
        pool.busy += 1
        try:
            with within(deadline):
                lines = self._limits.header_lines
                return await exchange(pool.connector, method, target, headers, body, header_lines=lines)
        except (aiohttp.ClientError, HttpProcessingError, OSError, ValueError) as error:
            raise _failure(error) from error
        finally:
            pool.busy -= 1

    def _read_target(self, url: str) -> Destination | Refused:
        target = check_url(url, self._rules)
        return target if isinstance(target, Refused) else Destination.of(target.url)

    async def _pool(self, tenant: Hashable) -> Pool:
        if (pool := self._pools.get(tenant)) is None:
            pool = self._pools[tenant] = Pool(self._connector(kept=tenant is not None))
        self._pools.move_to_end(tenant)
        if len(self._pools) > self._limits.tenants:
            await self._drop_oldest(but=pool)
        return pool

    def _connector(self, *, kept: bool) -> aiohttp.TCPConnector:
        return bounded(checked_connector(self._rules, self._names, limits=self._limits, tls=self._tls, kept=kept))

    async def _drop_oldest(self, *, but: Pool) -> None:
        for tenant, pool in self._pools.items():
            if not pool.busy and pool is not but:
                del self._pools[tenant]
                await pool.connector.close()
                return


def checked_connector(
    rules: Rules, names: Names, *, limits: Limits, tls: ssl.SSLContext, kept: bool = True
) -> aiohttp.TCPConnector:
    """A connector that cannot reach a forbidden address, whatever URL its session is given."""

    def checked_socket(found: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _name, address = found
        if not allowed(address[0], address[1], None, rules=rules):
            raise Blocked
        return socket.socket(family, kind, protocol)

    return aiohttp.TCPConnector(
        resolver=CheckedResolver(names, at_once=max(1, limits.dns_threads // 4)),
        socket_factory=checked_socket,
        ssl=tls,
        ttl_dns_cache=limits.dns_seconds,
        limit=limits.connections,
        limit_per_host=limits.per_host,
        **({"keepalive_timeout": limits.keep_alive} if kept else {"force_close": True}),
    )


class CheckedResolver(AbstractResolver):
    """The resolver of one pool. It holds at most `at_once` threads, also for lookups that nobody waits for any more."""

    def __init__(self, names: Names, *, at_once: int) -> None:
        self._names = names
        self._share = asyncio.Semaphore(at_once)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()

        def give_back(_: Future[list[str]]) -> None:
            with suppress(RuntimeError):  # the loop may be gone before its last lookup
                loop.call_soon_threadsafe(self._share.release)

        await self._share.acquire()
        looked_up = self._names.submit(host, port)
        looked_up.add_done_callback(give_back)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in await asyncio.wrap_future(looked_up)
        ]

    async def close(self) -> None:
        """The threads belong to `Names`, which outlives the pools."""


def _failure(error: Exception) -> OutboundError:
    match error:
        case HttpProcessingError():  # the parser's words; its size limits are among them
            large = error.message.startswith(("Too many", "Got more than"))
            return OutboundError(Code.TOO_LARGE if large else Code.PROTOCOL, error.message[:DETAIL_CHARACTERS])
        case aiohttp.ClientConnectorError():
            found = failure(error)
            return OutboundError(found.code, found.detail, begun=False)
        case _:
            return failure(error)
