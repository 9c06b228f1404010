"""A real hub in a process of its own (web server, worker and ticker on SQLite, demo data), and a real browser."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.services import find_chromium, free_port
from tests.site.processes import ROOT, environment, get, wait_until

# fmt: off
_CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
             "--disable-sync",
             "--disable-features=LocalNetworkAccessChecks"]  # a page that a test made up counts as one from afar
# fmt: on


@contextmanager
def running_hub(folder: Path) -> Iterator[str]:
    """`make run` with its data in this folder; where it listens."""
    port = free_port()
    with (folder / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "notifyhub_run", "--port", str(port)],
            cwd=ROOT,
            env=environment(NOTIFYHUB_VAR_DIR=str(folder)),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        ready = wait_until(lambda: get(f"{address}/readyz") == 200 or process.poll() is not None, seconds=90)
        assert ready, (folder / "output.txt").read_text()
        assert process.poll() is None, (folder / "output.txt").read_text()
        yield address
    finally:
        process.kill()
        process.wait()


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """While it runs, this thread has an event loop, which Django's ORM would refuse."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium().address, args=_CHROMIUM)
        yield browser
        browser.close()
