"""From a name to addresses that may be dialled. A name with one forbidden address among its answers is refused whole:
otherwise a second look, or the order of the answers, would choose the forbidden one.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property

from .addresses import parse_address
from .answer import Blocked
from .policy import Rules, allowed

Lookup = Callable[[str, int], Iterable[str]]


def system_lookup(host: str, port: int) -> list[str]:
    """Ask the resolver of the operating system. Raises OSError (gaierror)."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Names:
    """Lookups in threads of their own: a slow name server fills these, not the pool that other work shares."""

    def __init__(self, rules: Rules, *, lookup: Lookup = system_lookup, threads: int = 16) -> None:
        self._rules = rules
        self._lookup = lookup
        self._threads = threads

    def submit(self, host: str, port: int) -> Future[list[str]]:
        """Promise the addresses of `host`, all of them checked. Fails with `Blocked` or gaierror."""
        return self._executor.submit(self._checked, host, port)

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _checked(self, host: str, port: int) -> list[str]:
        literal = parse_address(host)
        found = [host] if literal else list(dict.fromkeys(self._lookup(host, port)))
        rules = self._rules.for_host(host)
        if not all(allowed(address, port, None, rules=rules) for address in found):
            raise Blocked
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "no address")
        return found

    @cached_property
    def _executor(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._threads, thread_name_prefix="notifyhub-dns")
