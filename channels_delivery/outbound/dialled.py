"""The transport under `sync.py`: connections that resolve, check and dial by themselves, one request each."""

from __future__ import annotations

import io
import socket
import ssl
from functools import partial
from http.client import HTTPResponse, LineTooLong
from typing import Any

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from .answer import HEADER_LINE_BYTES, Blocked
from .deadline import Deadline
from .names import Names
from .policy import Rules, allowed


class GuardedAdapter(HTTPAdapter):
    """Pools whose connections are dialled by `_Dialled`, with our TLS context and nothing from the environment."""

    def __init__(self, rules: Rules, *, names: Names, tls: ssl.SSLContext) -> None:
        self._tls = tls
        super().__init__(pool_connections=8, pool_maxsize=1, max_retries=0)
        self.poolmanager.pool_classes_by_scheme = {
            "http": partial(_Pool, rules=rules, names=names),
            "https": partial(_TLSPool, rules=rules, names=names),
        }

    def build_connection_pool_key_attributes(self, request: PreparedRequest, verify: Any, cert: Any = None) -> Any:
        host, _ = super().build_connection_pool_key_attributes(request, verify=True)
        return host, {"ssl_context": self._tls, "cert_reqs": "CERT_REQUIRED"}

    def cert_verify(self, *args: Any, **given: Any) -> None:
        """The context knows its authorities; requests would add a bundle of its own to it."""


class WholeLines(io.BufferedReader):
    """Lines of an answer that have an end, not too far away. The standard library takes a head that breaks off in the
    middle for a short head: half of a 200 would count as a delivery."""

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(HEADER_LINE_BYTES + 1)
        if len(line) > HEADER_LINE_BYTES:
            raise LineTooLong("header line")
        if not line.endswith(b"\n"):
            raise ConnectionResetError("closed in the middle of an answer")
        return line


class _WholeResponse(HTTPResponse):
    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.fp = WholeLines(self.fp.detach())


class _Dialled:
    """A connection that resolves, checks and dials by itself. `Host`, SNI and certificate still go by the name."""

    rules: Rules
    names: Names
    response_class: Any = _WholeResponse

    def _new_conn(self) -> socket.socket:
        deadline = Deadline.current()
        failed: OSError | None = None
        for address in self.names.submit(self._dns_host, self.port).result(deadline.left()):  # type: ignore[attr-defined]
            try:
                return self._dial(address, self.port, deadline)  # type: ignore[attr-defined]
            except OSError as error:
                failed = error
        assert failed is not None
        raise failed

    def _dial(self, address: str, port: int, deadline: Deadline) -> socket.socket:
        if not allowed(address, port, None, rules=self.rules):
            raise Blocked
        connection = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        try:
            connection.settimeout(deadline.left())
            connection.connect((address, port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            deadline.hold(connection)
        except OSError:
            connection.close()
            raise
        return connection


class _Connection(_Dialled, HTTPConnection):
    pass


class _TLSConnection(_Dialled, HTTPSConnection):
    pass


class _OneRequest:
    """Gives its connections what they need to dial, and keeps none."""

    ConnectionCls: Any

    def __init__(self, *args: Any, rules: Rules, names: Names, **given: Any) -> None:
        super().__init__(*args, **given)
        self.ConnectionCls = type("Dialled", (self.ConnectionCls,), {"rules": rules, "names": names})

    def _put_conn(self, conn: Any) -> None:
        if conn:
            conn.close()
        super()._put_conn(None)  # type: ignore[misc]


class _Pool(_OneRequest, HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(_OneRequest, HTTPSConnectionPool):
    ConnectionCls = _TLSConnection
