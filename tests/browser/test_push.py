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


SHOWN = """async (told) => {
  const waits = [];
  const event = new PushEvent("push", { data: JSON.stringify(told) });
  event.waitUntil = (work) => waits.push(work);
  self.dispatchEvent(event);
  await Promise.all(waits);
  return (await self.registration.getNotifications()).map((one) => [one.tag, one.title, one.body]);
}"""
"""An event that a script made has no end that could be waited for, so its work is kept here."""


def test_a_push_shows_a_notification_and_the_same_tag_takes_its_place(browser: BrowserContext, page: Page) -> None:
    (worker,) = browser.service_workers

    worker.evaluate(SHOWN, {"id": "1", "tag": "a", "title": "First", "body": "Hello"})
    worker.evaluate(SHOWN, {"id": "2", "tag": "b", "title": "Other", "body": "There"})
    shown = worker.evaluate(SHOWN, {"id": "3", "tag": "a", "title": "Second", "body": "Again"})

    assert sorted(shown) == [["a", "Second", "Again"], ["b", "Other", "There"]]


def test_a_subscription_that_changed_is_told_with_what_it_was(browser: BrowserContext, page: Page) -> None:
    (worker,) = browser.service_workers

    told = worker.evaluate(RENEWED)

    assert [one["path"].rsplit("/v1/", 1)[1] for one in told] == ["push/refresh/"]
    assert told[0]["body"]["old_endpoint"] == "https://push.example/old"
    assert told[0]["body"]["endpoint"] == "https://push.example/new"


RENEWED = """async () => {
  const one = (name) => ({
    endpoint: `https://push.example/${name}`, options: {},
    toJSON: () => ({ endpoint: `https://push.example/${name}`, keys: { p256dh: "p", auth: "a" } }),
  });
  const told = [], waits = [], really = self.fetch;
  self.fetch = async (path, given) => (told.push({ path, body: JSON.parse(given.body) }), new Response());
  const event = new Event("pushsubscriptionchange");
  event.waitUntil = (work) => waits.push(work);
  Object.assign(event, { oldSubscription: one("old"), newSubscription: one("new") });
  self.dispatchEvent(event);
  await Promise.all(waits);
  self.fetch = really;
  return told;
}"""
