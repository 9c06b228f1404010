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
    assert told[0]["token"] == "t"
    assert told[0]["body"]["old_endpoint"] == "https://push.example/old"
    assert told[0]["body"]["endpoint"] == "https://push.example/new"


def test_a_worker_shows_the_token_that_the_site_asks_for(browser: BrowserContext, page: Page) -> None:
    """Without a look at the cookie, which most browsers keep from workers: the site itself is asked."""
    (worker,) = browser.service_workers

    answer = worker.evaluate(REALLY_RENEWED)

    assert answer["status"] == 400, answer  # past the check of the token, to what is wrong with the subscription
    assert "endpoint" in answer["errors"]


@pytest.mark.parametrize(
    ("action", "led"),
    [
        ("", ["open /runs/1/"]),
        ("go-0", ["open https://bank.example/pay"]),
        ("go-1", ["open /runs/1/"]),
        ("dismiss", []),
    ],
)
def test_a_click_leads_where_it_says(browser: BrowserContext, page: Page, action: str, led: list[str]) -> None:
    """The second button would run a script, so it was never made one: its click is one on the whole."""
    (worker,) = browser.service_workers

    found = worker.evaluate(CLICKED, {"action": action, "tabs": []})

    assert [one.replace(page.url.replace("/devices/", ""), "") for one in found["led"]] == led
    assert found["left"] == 0


def test_a_click_leads_a_tab_that_is_there(browser: BrowserContext, page: Page) -> None:
    (worker,) = browser.service_workers
    site = page.url.replace("/devices/", "")
    there = {"action": "", "tabs": [f"{site}/inbox/", f"{site}/runs/1/"]}
    near = {"action": "", "tabs": [f"{site}/inbox/"]}

    assert worker.evaluate(CLICKED, there)["led"] == [f"focus {site}/runs/1/"]
    assert worker.evaluate(CLICKED, near)["led"] == [f"navigate {site}/runs/1/", f"focus {site}/runs/1/"]


RENEWED = """async () => {
  const one = (name) => ({
    endpoint: `https://push.example/${name}`, options: {},
    toJSON: () => ({ endpoint: `https://push.example/${name}`, keys: { p256dh: "p", auth: "a" } }),
  });
  const told = [], waits = [], really = self.fetch;
  self.fetch = async (path, given) => {
    if (!given.body) return new Response(JSON.stringify({ csrf_token: "t" }));
    told.push({ path, token: given.headers["X-CSRFToken"], body: JSON.parse(given.body) });
    return new Response();
  };
  const event = new Event("pushsubscriptionchange");
  event.waitUntil = (work) => waits.push(work);
  Object.assign(event, { oldSubscription: one("old"), newSubscription: one("new") });
  self.dispatchEvent(event);
  await Promise.all(waits);
  self.fetch = really;
  return told;
}"""

REALLY_RENEWED = """async () => {
  const one = (name) => ({
    endpoint: `https://push.example/${name}`, options: {},
    toJSON: () => ({ endpoint: `https://push.example/${name}`, keys: { p256dh: "p", auth: "a" } }),
  });
  const waits = [], really = self.fetch;
  let last;
  self.fetch = async (...given) => (last = await really(...given), last.clone());
  const event = new Event("pushsubscriptionchange");
  event.waitUntil = (work) => waits.push(work);
  Object.assign(event, { oldSubscription: one("old"), newSubscription: one("new") });
  self.dispatchEvent(event);
  await Promise.all(waits);
  self.fetch = really;
  return { status: last.status, ...(await last.json()) };
}"""

CLICKED = """async ({ action, tabs }) => {
  const shown = { id: "9", title: "Pay", url: "/runs/1/", actions: [
    { label: "Pay", url: "https://bank.example/pay" }, { label: "Run", url: "javascript:alert(1)" } ] };
  const waits = [], led = [], kept = (event) => (event.waitUntil = (work) => waits.push(work), event);
  self.dispatchEvent(kept(new PushEvent("push", { data: JSON.stringify(shown) })));
  await Promise.all(waits);
  const [notification] = await self.registration.getNotifications({ tag: "9" });
  const tab = (url) => ({ url, focused: true,
    focus: async () => led.push(`focus ${url}`), navigate: async (to) => (led.push(`navigate ${to}`), tab(to)) });
  Object.defineProperty(self, "clients", { configurable: true, value: {
    matchAll: async () => tabs.map(tab), openWindow: async (url) => led.push(`open ${url}`) } });
  self.dispatchEvent(kept(new NotificationEvent("notificationclick", { notification, action })));
  await Promise.all(waits);
  delete self.clients;
  return { led, left: (await self.registration.getNotifications({ tag: "9" })).length };
}"""
"""A click of a script may neither open nor focus a window, so what the browser would do is written down instead."""
