"""Servers with sockets, in processes of their own: the web process of a site as its Procfile starts it, other
applications started in the very same way, and other servers."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from .worker import descendants, proportional_set_size

ROOT = Path(__file__).resolve().parent.parent
PORT = int(os.environ.get("BENCH_WEB_PORT", "18490"))
OURS = "notifyhub.asgi:application"


class Server:
    """Listens on `port` while the `with` block runs."""

    def __init__(
        self, command: Sequence[str], *, port: int, log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self._command, self.port, self._log = command, port, log
        beside = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        self._environment = {**os.environ, "PATH": beside, "PORT": str(port), **(environment or {})}

    def __enter__(self) -> Self:
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a socket is a file; whoever we start inherits it
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=subprocess.STDOUT, cwd=ROOT, env=self._environment
            )
        self._wait_until_it_listens()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:  # it waits for its sockets, which wait for it
            self._process.kill()
            self._process.wait()

    def memory(self) -> int:
        """Bytes; a page that processes share is counted once (PSS)."""
        return sum(proportional_set_size(pid) for pid in descendants(self._process.pid))

    def seconds(self) -> float:
        """Of a core, that it has taken so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _wait_until_it_listens(self) -> None:
        give_up = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                if self._process.poll() is not None or time.monotonic() > give_up:
                    raise SystemExit(f"the server did not start:\n{self._log.read_text()[-4000:]}") from None
                time.sleep(0.05)
            else:
                return


def web(*, port: int, log: Path, application: str = OURS, environment: Mapping[str, str] | None = None) -> Server:
    """The web process of a site by the line of its Procfile, or another application in its place."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    line = next(line.removeprefix("web: ") for line in lines if line.startswith("web: "))
    assert OURS in line
    command = ["sh", "-c", "exec env " + line.replace(OURS, application)]
    return Server(command, port=port, log=log, environment=environment)
