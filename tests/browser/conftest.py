"""A hub and a browser for the tests, and people who are signed in."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, expect

from .cable import Cable
from .hub import running_chromium, running_hub

SignedIn = Callable[..., Page]

PATIENCE = 20_000
"""Milliseconds until something that does not come counts as missing: on a loaded machine a page that asks every three
seconds may take several rounds."""
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the hub listens. One for all: each test makes something of its own happen and looks at that."""
    with running_hub(tmp_path_factory.mktemp("hub")) as address:
        yield address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Ended with each module, because of what its loop does to the tests that follow."""
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained about. A test that expects a complaint takes it out."""
    return []


@pytest.fixture
def cable(hub: str) -> Iterator[Cable]:
    """A way to the hub that a test can cut. Named before `signed_in`, it lasts longer than the pages."""
    found = Cable(hub)
    yield found
    found.cut()


@pytest.fixture
def signed_in(hub: str, chromium: Browser, complaints: list[str], request: pytest.FixtureRequest) -> Iterator[SignedIn]:
    """`signed_in("ana", width=390)` is a page in a fresh browser in which Ana has signed in. At the end nothing must
    have gone wrong in any of them: no error in the console, no file refused or missing, no script that failed."""
    contexts = []

    def _signed_in(username: str = "", *, at: str = "/inbox/", width: int = 1280, **options: object) -> Page:
        given: dict[str, Any] = {"base_url": hub, "viewport": {"width": width, "height": 900}, **options}
        context = chromium.new_context(**given)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: _note(message, complaints))
        page.on("pageerror", lambda error: complaints.append(f"script: {error}"))
        if username:
            page.goto(f"/sign-in/?next={at}")
            page.locator(f"button[name=username][value={username}]").click()
            page.wait_for_url(f"**{at}")
        return page

    yield _signed_in
    _keep_pictures(request, [page for context in contexts for page in context.pages])
    for context in contexts:
        context.close()
    assert complaints == []


def _note(message: ConsoleMessage, complaints: list[str]) -> None:
    if message.type in {"error", "warning"}:
        complaints.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")


def _keep_pictures(request: pytest.FixtureRequest, pages: list[Page]) -> None:
    """With NOTIFYHUB_TEST_PICTURES=<folder>, what each page looked like at the end."""
    folder = os.environ.get("NOTIFYHUB_TEST_PICTURES")
    for number, page in enumerate(pages if folder else []):
        try:
            page.screenshot(path=Path(folder or "") / f"{request.node.name}-{number}.png", full_page=True)
        except Error:
            continue
