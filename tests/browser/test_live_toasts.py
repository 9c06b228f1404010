"""Toasts, on a page of a host that is as strict as a page can be."""

import json
import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from .cable import Cable
from .conftest import SignedIn
from .moves import expect_state, expect_unread, live, trigger, unread

pytestmark = pytest.mark.browser

STRICT = "default-src 'self'; img-src 'self' data:; require-trusted-types-for 'script'; trusted-types 'none'"
HOST = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>A shop</title>
<script type="module" src="/static/notifyhub/bell.js"></script>
<script type="module" src="/static/notifyhub/toasts.js"></script>
<header><nh-bell>{config}<a href="/inbox/">Notifications</a></nh-bell></header>
<main><h1>A shop</h1><button>Buy</button><input aria-label="Search"></main>
<nh-toasts {attributes}></nh-toasts></html>"""

Push = Callable[..., None]
Host = Callable[..., tuple[Page, Push]]


@pytest.fixture
def host(cable: Cable, signed_in: SignedIn) -> Host:
    """A page of Ana's on which the widgets stand, and a way to have the server say something more: toasts come from
    code of the site, which runs in another process here."""

    def _host(attributes: str = "", **options: object) -> tuple[Page, Push]:
        page = signed_in("ana", base_url=cable.address, **options)
        said = page.locator("script[data-nh-config]").first.text_content()
        config = f'<script type="application/json" data-nh-config>{said}</script>'

        def push(title: str, **more: object) -> None:
            toast = {"id": title, "seconds": 0, "level": "info", "title": title, **more}
            cable.say({"type": "toast", "tenant": live(page, "return hub.tenant"), "toast": toast})

        html = HOST.replace("{config}", config).replace("{attributes}", attributes)
        headers = {"Content-Security-Policy": STRICT, "Content-Type": "text/html"}
        page.route("**/shop/", lambda route: route.fulfill(body=html, headers=headers))
        page.goto("/shop/")
        expect_state(page, "live")
        return page, push

    return _host


def test_levels_have_their_roles_and_texts_stay_texts(host: Host) -> None:
    page, push = host()

    push("Saved", level="success", body="<b>All</b> of it")
    push("Failed", level="error", actions=[{"label": "See why", "url": "/x/"}, {"label": "Bad", "url": "javascript:1"}])

    saved, failed = page.get_by_role("status").filter(has_text="Saved"), page.get_by_role("alert")
    expect(saved).to_contain_text("<b>All</b> of it")
    expect(failed.get_by_role("link", name="See why")).to_have_attribute("href", re.compile("/x/$"))
    expect(failed.get_by_role("link")).to_have_count(1)


def test_none_of_the_few_lines_of_a_toast_is_empty(host: Host) -> None:
    page, push = host()

    push("Long", body="A first line.\n\n \nA second\nand a third.")

    assert page.locator("nh-toasts [part~=body]").inner_text() == "A first line.\nA second\nand a third."


def test_fifty_in_two_seconds_fold(host: Host) -> None:
    page, push = host()

    for number in range(50):
        push(f"No. {number}", level="warning")

    expect(page.locator("nh-toasts [part~=toast]")).to_have_count(7)
    expect(page.locator("nh-toasts [part~=more]")).to_contain_text("44 more")
    expect(page.locator("nh-toasts [part~=more]").get_by_role("link")).to_have_attribute("href", re.compile("/inbox/$"))


def test_time_stands_still_under_the_pointer_and_goes_on_after(host: Host) -> None:
    page, push = host()
    push("Hover here", seconds=0.8)
    toast = page.locator("nh-toasts [part~=toast]")

    toast.hover()
    states = "(toast) => toast.querySelector('[part=progress]').getAnimations().map((one) => one.playState)"
    assert toast.evaluate(states) == ["paused"]
    page.mouse.move(0, 0)

    expect(toast).to_have_count(0)


def test_keys_reach_a_toast_close_it_and_lead_back(host: Host) -> None:
    page, push = host()
    button = page.get_by_role("button", name="Buy")
    button.focus()
    push("Older")
    push("Newer")
    toasts = page.locator("nh-toasts [part~=toast]")
    expect(toasts).to_have_count(2)

    page.keyboard.press("F6")
    expect(toasts.filter(has_text="Newer")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Close: Newer")).to_be_focused()
    page.keyboard.press("Escape")
    expect(toasts).to_have_text(["Older"])
    expect(toasts).to_be_focused()
    page.keyboard.press("Escape")

    expect(toasts).to_have_count(0)
    expect(button).to_be_focused()


def test_what_is_closed_in_one_tab_is_closed_in_all(host: Host) -> None:
    page, push = host()
    other = page.context.new_page()
    other.goto("/inbox/")
    other.route("**/shop/", lambda route: route.fulfill(body=page.content(), headers={"Content-Type": "text/html"}))
    other.goto("/shop/")
    expect_state(other, "live")
    push("Once is enough")
    expect(other.locator("nh-toasts [part~=toast]")).to_have_count(1)

    page.get_by_role("button", name="Close: Once is enough").click()

    expect(other.locator("nh-toasts [part~=toast]")).to_have_count(0)


def test_a_new_item_is_a_toast_that_goes_when_it_is_read(host: Host) -> None:
    page, _ = host("items")
    before = unread(page)

    trigger(page, "Toasted Tavern")
    toast = page.get_by_role("alert").filter(has_text="Toasted Tavern needs a person")
    expect(toast.get_by_role("link", name="Take over")).to_be_visible()
    expect_unread(page, before + 1)
    for tenant, tab in (("hub.tenant", "reviews"), ("'globex'", "general")):
        detail = f"{{ tenant: {tenant}, read_upto: {{ {tab}: 99 }} }}"
        live(page, f"hub.dispatchEvent(new CustomEvent('nh:update', {{ detail: {detail} }}));")
        expect(toast).to_have_count(1)
    live(page, "await hub.readAll()")

    expect(toast).to_have_count(0)
    expect_unread(page, 0)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_nothing_keeps_people_out(host: Host, scheme: str, width: int) -> None:
    page, push = host(color_scheme=scheme, width=width)
    for level in ("success", "info", "warning", "error"):
        push(f"It was a {level}", level=level, body="And more of it.", actions=[{"label": "Look", "url": "/x/"}])
    trigger(page, "Accessible Arms")
    page.locator("#nh-bell").click()
    expect(page.get_by_role("dialog", name="Notifications")).to_contain_text("Accessible Arms")
    expect(page.locator("nh-toasts [part~=toast]")).to_have_count(4)
    page.wait_for_function("() => !document.getAnimations().some((one) => one.playState === 'running')")

    found = Axe().run(page)

    serious = [one for one in found.response["violations"] if one["impact"] in {"serious", "critical"}]
    assert serious == [], json.dumps(serious, indent=1)
