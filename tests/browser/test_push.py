"""The service worker shows what comes, and leads a click to the site; the element says where a browser stands."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, CDPSession, Page, expect, sync_playwright

from tests.services import find_chromium

from .hub import _CHROMIUM

pytestmark = pytest.mark.browser
_UNTIL = """async (wanted) => {
    const registration = await navigator.serviceWorker.ready;
    for (let round = 0; round < 60; round++) {
        const shown = await registration.getNotifications();
        if (shown.some((one) => one.title === wanted)) {
            return shown.map(({ title, body, tag, data, actions }) => (
                { title, body, tag, data, actions: actions.map((one) => one.title) }));
        }
        await new Promise((done) => setTimeout(done, 50));
    }
    return (await registration.getNotifications()).map(({ title }) => ({ title }));
}"""


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


def pushed(page: Page, hub: str, data: str, *, wanted: str) -> list[dict[str, Any]]:
    """Deliver this as the push service of the browser would; what it shows then."""
    session: CDPSession = page.context.new_cdp_session(page)
    found: list[str] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: found.extend(one["registrationId"] for one in event["registrations"]),
    )
    session.send("ServiceWorker.enable")
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    session.send("ServiceWorker.deliverPushMessage", {"origin": hub, "registrationId": found[0], "data": data})
    shown: list[dict[str, Any]] = page.evaluate(_UNTIL, wanted)
    return shown


def test_a_push_is_shown_with_its_buttons(page: Page, hub: str) -> None:
    told = {
        "id": "a" * 32,
        "tag": "order-7",
        "title": "Order 7",
        "body": "Left",
        "url": "/inbox/",
        "actions": [{"label": "Track", "url": "/t/7"}, {"label": "Bad", "url": "javascript:alert(1)"}],
    }

    [shown] = pushed(page, hub, json.dumps(told), wanted="Order 7")
    again = pushed(page, hub, json.dumps(told | {"title": "Order 7, once more"}), wanted="Order 7, once more")

    assert (shown["title"], shown["body"], shown["tag"]) == ("Order 7", "Left", "order-7")
    assert shown["actions"] == ["Track", "Dismiss"]
    assert shown["data"]["url"] == f"{hub}/inbox/"
    assert [one["title"] for one in again] == ["Order 7, once more"]


@pytest.mark.parametrize("data", ["", "no json", "[]", '{"title": 3}'])
def test_what_is_no_push_of_ours_is_shown_all_the_same(page: Page, hub: str, data: str) -> None:
    assert [one["title"] for one in pushed(page, hub, data, wanted="You have a new message.")] == [
        "You have a new message."
    ]


def test_the_page_says_where_this_browser_stands(page: Page) -> None:
    expect(page.get_by_role("status").filter(has_text="Push messages are off in this browser.")).to_be_visible()
    expect(page.get_by_role("button", name="Turn on")).to_be_visible()
