"""Starts a peer in its virtualenv and gives it work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

from benchmarks import database
from benchmarks.harness import Side, Slice, progress

HERE = Path(__file__).resolve().parent
VIRTUALENV = HERE.parent / ".venv-peers"
REQUIREMENTS = HERE.parent / "requirements-peers.txt"


class Peer:
    """django-notifications-hq with a database of its own on the same server. Use as a context manager."""

    def __init__(self, *, people: int, items: int) -> None:
        self._people, self._items = people, items
        self.versions: dict[str, str] = {}

    def __enter__(self) -> Peer:
        address = database.url("_peer")
        database.recreate(address)
        environment = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        self._process = subprocess.Popen(
            [virtualenv_python(), "-I", str(HERE / "hq.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=HERE,
            env={**environment, "PEER_DATABASE_URL": address},
        )
        self.versions = self._ask(do="setup", people=self._people, items=self._items)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=30)

    def send(self, *, kind: str, count: int, atomic: bool = False) -> Side:
        """A side: `notify.send` to `count` people, by one queryset or one by one; `atomic` = in one transaction."""

        def side() -> Slice:
            answer = self._ask(do="slice", kind=kind, count=count, atomic=atomic)
            return Slice(answer["units"], answer["seconds"])

        return side

    def statements(self, *, kind: str, count: int) -> int:
        return int(self._ask(do="slice", kind=kind, count=count, atomic=False, statements=True)["statements"])

    def _ask(self, **request: object) -> dict[str, Any]:
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
