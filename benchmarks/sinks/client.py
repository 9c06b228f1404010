"""Starts a sink and asks it what it saw."""

from __future__ import annotations

import http.client
import json
import smtplib
import ssl
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from benchmarks.peers.client import Process

ROOT = Path(__file__).resolve().parent.parent.parent


class Sink:
    """A process that listens while the `with` block runs."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._command = [sys.executable, "-m", f"benchmarks.sinks.{module}", *arguments]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert self._process.stdout
        if self._process.stdout.readline().strip() != "listens":
            raise SystemExit("the sink does not listen; its words are above")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


class HttpSink(Sink):
    """A receiver of webhooks on `port` of each of these loopback addresses, by TLS if it gets a certificate."""

    def __init__(self, port: int, hosts: list[str], *, certificate: tuple[Path, Path] | None = None) -> None:
        super().__init__("http", str(port), ",".join(hosts), *map(str, certificate or ()))
        self._port, self._host, self._tls = port, hosts[0], certificate is not None
        self.origins = [f"{'https' if certificate else 'http'}://{host}:{port}" for host in hosts]

    def posts(self) -> int:
        return int(self._ask("/seen")["posts"])

    def seconds(self) -> float:
        """Of a core, that it has taken so far."""
        return float(self._ask("/seen")["seconds"])

    def release(self) -> None:
        """Answer whoever hangs."""
        self._ask("/release")

    def _ask(self, path: str) -> dict[str, Any]:
        unchecked = ssl._create_unverified_context()  # noqa: S323  our own process, asked how it is
        kind = http.client.HTTPSConnection if self._tls else http.client.HTTPConnection
        given = {"context": unchecked} if self._tls else {}
        connection = kind(self._host, self._port, timeout=10, **given)  # type: ignore[arg-type]
        try:
            connection.request("GET", path)
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return answer


class SmtpSink(Sink):
    """A mail server on `port` of a loopback address."""

    def __init__(self, port: int, host: str) -> None:
        super().__init__("smtp", str(port), host)
        self._at = host, port

    def seen(self) -> dict[str, float]:
        """`letters`, `connections` that brought any, and `seconds` of a core that it has taken."""
        with smtplib.SMTP(*self._at, timeout=10) as asked:
            answer: dict[str, float] = json.loads(asked.docmd("XSEEN")[1])
        return answer


@dataclass(frozen=True, slots=True)
class Seen:
    """What an audience got: `frames` on so many `sockets`, the `last` at that moment of the clock; its `processor`
    seconds meanwhile. `noted` has the socket and the moment of each, if that was asked for."""

    frames: int
    sockets: int
    last: float
    sample: str
    noted: Sequence[tuple[int, float]]
    processor: float


class Audience(Process):
    """Holds sockets to one server open."""

    def __init__(self) -> None:
        super().__init__(sys.executable, "-m", "benchmarks.sinks.audience")

    def open(self, port: int, protocols: Sequence[str], *, path: str = "/") -> None:
        """As many sockets as there are offers of subprotocols here."""
        address = ["127.0.0.1", port]
        self.ask(do="open", address=address, path=path, origin=f"http://127.0.0.1:{port}", protocols=protocols)

    def expect(self, wanted: str, number: int, *, note: bool = False) -> None:
        """From now on, count texts that begin so, until there are so many."""
        self.ask(do="expect", wanted=wanted, number=number, note=note)

    def ended(self, *, patience: float = 2.0) -> Seen:
        """What came; waits until all did, or until nothing more came for so many seconds."""
        answer = self.ask(do="ended", patience=patience)
        if answer.pop("lost"):
            raise SystemExit("sockets were closed while they were counted on")
        return Seen(**answer)
