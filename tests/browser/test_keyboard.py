"""Everything can be reached and done with the keyboard alone."""

import pytest
from playwright.sync_api import Page, expect

from .conftest import SignedIn
from .moves import escalate, expect_unread, item, unread

pytestmark = pytest.mark.browser

FOCUSED = """() => {
    const outside = document.activeElement;
    const element = outside.shadowRoot?.activeElement ?? outside;
    return element.getAttribute('aria-label') || element.innerText || '';
}"""
OUTLINED = """() => {
    const outside = document.activeElement;
    const element = outside.shadowRoot?.activeElement ?? outside;
    const styles = [getComputedStyle(element), getComputedStyle(element, '::after')];
    const label = element.closest('label');
    if (label) styles.push(getComputedStyle(label));
    return styles.some((style) => style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2);
}"""


def tab_to(page: Page, name: str, *, presses: int = 60) -> None:
    """Press Tab until what is named so has the focus."""
    for _ in range(presses):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED).strip().startswith(name):
            return
    raise AssertionError(f"{name!r} cannot be reached by keyboard")


def test_the_first_tab_leads_past_the_header(signed_in: SignedIn) -> None:
    page = signed_in("ana")
    page.goto("/inbox/")

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_the_bell_opens_closes_and_gives_the_focus_back(signed_in: SignedIn) -> None:
    page = signed_in("ana")
    page.goto("/inbox/")
    panel = page.locator(".nh-bell__panel")

    tab_to(page, "Notifications,")
    page.keyboard.press("Enter")
    expect(panel).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")

    expect(panel).to_be_hidden()
    assert page.evaluate(FOCUSED).startswith("Notifications,")


def test_a_click_elsewhere_closes_the_bell(signed_in: SignedIn) -> None:
    page = signed_in("ana")
    page.locator("#nh-bell").click()
    expect(page.locator(".nh-bell__panel")).to_be_visible()

    page.locator("h1").click()

    expect(page.locator(".nh-bell__panel")).to_be_hidden()


def test_leaving_the_bell_by_tab_closes_it(signed_in: SignedIn) -> None:
    page = signed_in("ana")
    page.goto("/inbox/")
    tab_to(page, "Notifications,")
    page.keyboard.press("Enter")

    tab_to(page, "Account of")

    expect(page.locator(".nh-bell__panel")).to_be_hidden()


def test_an_item_is_read_and_archived_and_the_focus_goes_on_to_the_next(signed_in: SignedIn) -> None:
    page = signed_in("ana")
    escalate(page, "Keyboard Keep")
    escalate(page, "Keyboard Quay")
    page.goto("/inbox/")
    before = unread(page)

    tab_to(page, "Mark as read: Keyboard Quay")
    page.keyboard.press("Enter")
    expect_unread(page, before - 1)
    expect(page.get_by_role("button", name="Mark as unread: Keyboard Quay")).to_be_focused()
    page.wait_for_load_state("networkidle")  # the fresh copy of the page is in its place
    tab_to(page, "Archive: Keyboard Quay", presses=1)
    page.keyboard.press("Enter")

    expect(item(page, "Keyboard Quay")).to_have_count(0)
    assert page.evaluate(FOCUSED).startswith("Keyboard Keep")


def test_a_workflow_is_triggered_from_the_keyboard(signed_in: SignedIn) -> None:
    page = signed_in("ana", at="/playground/")
    page.goto("/playground/?workflow=session.escalated")

    tab_to(page, "Trigger")
    page.keyboard.press("Enter")

    page.wait_for_url("**/runs/**")
    expect(page.locator("[data-finished]")).to_be_attached()


@pytest.mark.parametrize("path", ["/sign-in/", "/inbox/", "/playground/", "/mailbox/", "/catcher/northwind/"])
def test_whatever_has_the_focus_shows_it(signed_in: SignedIn, path: str) -> None:
    page = signed_in("ana")
    page.goto(path)
    page.evaluate("document.activeElement.blur()")

    for _ in range(45):
        page.keyboard.press("Tab")
        where = page.evaluate("document.activeElement.outerHTML.slice(0, 120)")
        if where.startswith("<body"):
            break
        assert page.evaluate(OUTLINED), where
