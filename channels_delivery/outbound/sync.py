"""The client for code that blocks: `requests` behind the same address policy.

A connection serves one request and is closed, so nothing of one tenant is ever read by another. Where many requests
are sent, use `aio.py`.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Mapping
from functools import lru_cache
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Self

import requests
from urllib3.exceptions import HTTPError

from ..conf import conf
from . import site
from .answer import KEEP_BYTES, OWN_HEADERS, READ_BYTES, Answer, Code, OutboundError, failure, kept_headers
from .deadline import Deadline
from .dialled import GuardedAdapter
from .headers import sendable
from .names import Lookup, Names, system_lookup
from .policy import Reason, Refused, Rules, Target, check_url
from .trust import client_context

SECONDS_MAX = 30.0


def site_client() -> SyncOutbound:
    """The client that the site's settings ask for, kept for as long as they do."""
    return _site_client(site.rules(), conf().ca_file, conf().dns_threads)


@lru_cache(maxsize=1)
def _site_client(rules: Rules, ca_file: str, dns_threads: int) -> SyncOutbound:
    return SyncOutbound(rules, tls=client_context(ca_file), dns_threads=dns_threads)


class SyncOutbound:
    """`post` and `get` with the promises of `aio.Outbound`; safe to share between threads."""

    def __init__(
        self,
        rules: Rules,
        *,
        lookup: Lookup = system_lookup,
        tls: ssl.SSLContext | None = None,
        dns_threads: int = 4,
    ) -> None:
        self._rules = rules
        self._names = Names(rules, lookup=lookup, threads=dns_threads)
        self._tls = tls or client_context()
        self._local = threading.local()

    @classmethod
    def of_site(cls) -> Self:
        """The client that the site's settings ask for."""
        return cls(site.rules(), tls=client_context(conf().ca_file), dns_threads=conf().dns_threads)

    @property
    def session(self) -> GuardedSession:
        """The session of this thread, for libraries that take one."""
        if not hasattr(self._local, "session"):
            self._local.session = GuardedSession(self._rules, names=self._names, tls=self._tls)
        return self._local.session  # type: ignore[no-any-return]

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes, deadline: float) -> Answer:
        return self._answer("POST", url, headers=headers, data=body, timeout=deadline)

    def get(self, url: str, *, headers: Mapping[str, str], deadline: float) -> Answer:
        return self._answer("GET", url, headers=headers, timeout=deadline)

    def close(self) -> None:
        self._names.close()

    def _answer(self, method: str, url: str, **given: Any) -> Answer:
        started = time.monotonic()
        response = self.session.request(method, url, **given)
        body = response.content
        cut = len(body) > KEEP_BYTES
        headers = kept_headers(response.headers)
        return Answer(response.status_code, headers, body[:KEEP_BYTES], time.monotonic() - started, cut)


class GuardedSession(requests.Session):
    """A session that cannot reach a forbidden address, follow a redirect, wait for ever or read without end.

    For one thread. `timeout`, a number or requests' pair, is the whole time of a request, at most 30 seconds. The
    content of a response is its first 64 KB, as sent. Raises `OutboundError` instead of requests' own errors.
    """

    def __init__(self, rules: Rules, *, names: Names, tls: ssl.SSLContext) -> None:
        super().__init__()
        self._rules = rules
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.adapters.clear()
        for scheme in ("https://", "http://"):  # http for allowed origins of this machine only
            self.mount(scheme, GuardedAdapter(rules, names=names, tls=tls))

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **given: Any) -> requests.Response:
        target = self._target(url)  # before requests can make another host of it
        if not sendable({name: value for name, value in (given.get("headers") or {}).items() if value is not None}):
            raise OutboundError(Code.REFUSED, Reason.HEADER)
        return super().request(method, target.url, *args, **given)

    def send(self, request: requests.PreparedRequest, **given: Any) -> requests.Response:
        self._target(request.url)
        request.headers.update(OWN_HEADERS)
        seconds = _seconds(given.get("timeout"))
        fixed: dict[str, Any] = {"allow_redirects": False, "stream": True, "verify": True, "cert": None, "proxies": {}}
        with Deadline(seconds) as deadline:
            try:
                response = super().send(request, **{**given, **fixed, "timeout": (seconds, seconds)})
                response._content = _start_of(response)
            except (requests.RequestException, HTTPError, HTTPException, OSError, ValueError) as error:
                raise OutboundError(Code.TIMEOUT) if deadline.over else failure(error) from error
            if deadline.over:  # cut where the end of the connection is the end of the answer
                raise OutboundError(Code.TIMEOUT)
        return response

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: there is never a place to go on to."""

    def _target(self, url: str | bytes | None) -> Target:
        target = check_url(url.decode("latin-1") if isinstance(url, bytes) else url or "", self._rules)
        if isinstance(target, Refused):
            raise OutboundError(Code.REFUSED, target.reason)
        return target


def _seconds(timeout: float | tuple[float | None, ...] | None) -> float:
    parts = timeout if isinstance(timeout, tuple) else (timeout,)
    given = sum(part for part in parts if part)
    return min(given or SECONDS_MAX, SECONDS_MAX)


def _start_of(response: requests.Response) -> bytes:
    """The first 64 KB as sent, never inflated."""
    kept = bytearray()
    for chunk in response.raw.stream(8192, decode_content=False):
        kept += chunk
        if len(kept) >= READ_BYTES:
            break
    response.raw.close()
    return bytes(kept[:READ_BYTES])
