"""Starts a peer in its virtualenv and gives it work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from benchmarks import database
from benchmarks.harness import Side, Slice, progress

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
VIRTUALENV = HERE.parent / ".venv-peers"
REQUIREMENTS = HERE.parent / "requirements-peers.txt"


class Process:
    """A program of this folder that is asked by JSON lines. Use as a context manager."""

    def __init__(self, *command: str, environment: Mapping[str, str] | None = None, cwd: Path = ROOT) -> None:
        self._command, self._environment, self._cwd = command, environment or {}, cwd

    def __enter__(self) -> Self:
        inherited = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=self._cwd,
            env={**inherited, **self._environment},
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=30)

    def ask(self, **request: object) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(request), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("the peer stopped; its words are above")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise SystemExit(f"the peer failed: {answer['error']}")
        return answer

    def slice(self, **request: object) -> Side:
        """A side: this request, again and again."""

        def side() -> Slice:
            answer = self.ask(do="slice", **request)
            return Slice(answer["units"], answer["seconds"])

        return side


def with_our_packages(module: str) -> Process:
    """A program of this folder that uses the same packages as we do, and nothing of ours."""
    return Process(sys.executable, "-m", f"{__package__}.{module}")


def post_office() -> Process:
    """django-post_office with a database of its own on the same server."""
    address = database.url("_peer")
    database.recreate(address)
    return Process(virtualenv_python(), "-m", f"{__package__}.post_office", environment={"PEER_DATABASE_URL": address})


class Peer(Process):
    """django-notifications-hq with a database of its own on the same server."""

    def __init__(self, *, people: int, items: int) -> None:
        address = database.url("_peer")
        command = [virtualenv_python(), "-I", str(HERE / "hq.py")]
        super().__init__(*command, environment={"PEER_DATABASE_URL": address}, cwd=HERE)
        self._address, self._people, self._items = address, people, items
        self.versions: dict[str, str] = {}

    def __enter__(self) -> Self:
        database.recreate(self._address)
        super().__enter__()
        self.versions = self.ask(do="setup", people=self._people, items=self._items)
        return self

    def send(self, *, kind: str, count: int, atomic: bool = False) -> Side:
        """A side: `notify.send` to `count` people, by one queryset or one by one; `atomic` = in one transaction."""
        return self.slice(kind=kind, count=count, atomic=atomic)

    def statements(self, *, kind: str, count: int) -> int:
        return int(self.ask(do="slice", kind=kind, count=count, atomic=False, statements=True)["statements"])


def virtualenv_python() -> str:
    """The interpreter of the peers' virtualenv, which is made on first use and when the requirements change."""
    python = VIRTUALENV / "bin" / "python"
    stamp = VIRTUALENV / "requirements-peers.txt"
    if not stamp.exists() or stamp.read_text() != REQUIREMENTS.read_text():
        progress(f"making {VIRTUALENV.name} ...")
        venv.create(VIRTUALENV, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", REQUIREMENTS], check=True, stdout=sys.stderr)
        stamp.write_text(REQUIREMENTS.read_text())
    return str(python)
