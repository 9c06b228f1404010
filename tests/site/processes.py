"""Starting the site's own commands as real processes, with a clean environment."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
_OURS = (
    "DATABASE_URL",
    "REDIS_URL",
    "DJANGO_SETTINGS_MODULE",
    "NOTIFYHUB_TEST_DATABASE_URL",
    "NOTIFYHUB_APPS",
    "PUBLIC_URL",
)


def environment(**given: str) -> dict[str, str]:
    """Return this process's environment without what would choose settings, plus `given`."""
    inherited: Mapping[str, str] = {name: value for name, value in os.environ.items() if name not in _OURS}
    return {**inherited, "PYTHONPATH": str(ROOT), **given}


def manage(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run manage.py to its end; what it said is in `stdout`."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
    )


def get(url: str) -> int:
    """Return the status of a GET, or 0 while nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310  always http to this machine
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def wait_until(state: Callable[[], bool], *, seconds: float) -> bool:
    """Poll `state` until it holds or the time is up; say which."""
    deadline = time.monotonic() + seconds
    while not state():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
