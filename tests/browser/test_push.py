"""The element says where a browser stands, with a real service worker behind it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from tests.services import find_chromium

from .hub import _CHROMIUM

pytestmark = pytest.mark.browser


@pytest.fixture
def browser(hub: str, tmp_path: Path) -> Iterator[BrowserContext]:
    """Not incognito: there a worker may show nothing."""
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path, executable_path=find_chromium().address, args=_CHROMIUM, base_url=hub
        )
        context.grant_permissions(["notifications"], origin=hub)
        yield context
        context.close()


@pytest.fixture
def page(browser: BrowserContext) -> Page:
    """A page of Ana with the worker at work."""
    page = browser.new_page()
    page.goto("/sign-in/")
    page.get_by_role("button", name="Ana").first.click()
    page.goto("/devices/")
    page.evaluate("async () => { await navigator.serviceWorker.ready }")
    return page


def test_the_page_says_where_this_browser_stands(page: Page) -> None:
    expect(page.get_by_role("status").filter(has_text="Push messages are off in this browser.")).to_be_visible()
    expect(page.get_by_role("button", name="Turn on")).to_be_visible()
