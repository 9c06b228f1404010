"""Nothing keeps people out: axe-core finds nothing serious on the pages with bell and toasts."""

import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from .conftest import SignedIn
from .moves import escalate, expect_state, item, trigger

pytestmark = pytest.mark.browser

LOOKS = [("light", 1440), ("dark", 390)]


def serious(page: Page) -> str:
    """What axe-core finds that keeps somebody out, as text."""
    running = (
        "one.playState === 'running' && one.timeline === document.timeline"  # not what follows a scroll: it never ends
    )
    page.wait_for_function(f"() => !document.getAnimations().some((one) => {running})")
    found = Axe().run(page).response["violations"]
    return json.dumps([one for one in found if one["impact"] in {"serious", "critical"}], indent=1)


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_the_inbox_with_the_bell_open(signed_in: SignedIn, scheme: str, width: int) -> None:
    ana = signed_in("ana", width=width, color_scheme=scheme)
    trigger(ana, f"Open Oasis {width}")
    expect(item(ana, f"Open Oasis {width}")).to_be_visible()

    ana.locator("#nh-bell").click()
    expect(ana.get_by_role("dialog", name="Notifications")).to_contain_text("Open Oasis")

    assert serious(ana) == "[]"


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_the_playground_with_a_toast_and_the_bell_open(signed_in: SignedIn, scheme: str, width: int) -> None:
    ana = signed_in("ana", at="/playground/", width=width, color_scheme=scheme)
    expect_state(ana, "live")
    trigger(ana, f"Toast Terrace {width}")
    expect(ana.get_by_role("alert").filter(has_text="Toast Terrace")).to_be_visible()

    ana.locator("#nh-bell").click()
    expect(ana.get_by_role("dialog", name="Notifications")).to_be_visible()
    ana.locator("nh-toasts").hover()

    assert serious(ana) == "[]"


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_a_run_and_the_item_that_it_made(signed_in: SignedIn, scheme: str, width: int) -> None:
    ana = signed_in("ana", width=width, color_scheme=scheme)
    escalate(ana, f"Followed Farm {width}")
    expect(ana.locator("[data-settled]")).to_be_attached()
    assert serious(ana) == "[]"

    ana.goto("/inbox/")
    ana.locator(".nh-item__link", has_text=f"Followed Farm {width}").click()
    expect(ana.get_by_role("heading", level=1)).to_contain_text(f"Followed Farm {width}")

    assert serious(ana) == "[]"


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_where_people_are_told_and_what_came_there(signed_in: SignedIn, scheme: str, width: int) -> None:
    """The pages of places and devices, and those that show what was sent, with something of each on them."""
    ana = signed_in("ana", at="/places/", width=width, color_scheme=scheme)
    ana.locator("summary", has_text="E-mail").click()
    ana.get_by_label("E-mail address").fill(f"ana.{scheme}@home.example")
    ana.locator("details[open]").get_by_role("button", name="Send the code").click()
    expect(ana.get_by_role("button", name="Confirm").last).to_be_visible()
    found = {"/places/": serious(ana)}
    for page in ("/devices/", "/mailbox/", "/catcher/", "/chats/", "/phone/", "/pushes/"):
        ana.goto(page)
        expect(ana.get_by_role("heading", level=1)).to_be_visible()
        found[page] = serious(ana)

    assert set(found.values()) == {"[]"}, found


def test_a_screen_reader_hears_names_numbers_and_states(signed_in: SignedIn) -> None:
    ana = signed_in("ana", at="/playground/")
    expect_state(ana, "live")
    trigger(ana, "Spoken Spa")
    toast = ana.get_by_role("region", name="Messages").get_by_role("alert").filter(has_text="Spoken Spa")
    expect(toast.get_by_role("button", name="Close: Spoken Spa needs a person")).to_be_visible()

    bell = ana.get_by_role("button", name=re.compile(r"^Notifications, \d+ unread$"))
    expect(bell).to_have_attribute("aria-expanded", "false")
    bell.click()

    expect(bell).to_have_attribute("aria-expanded", "true")
    panel = ana.get_by_role("dialog", name="Notifications")
    expect(panel.get_by_role("link", name="Spoken Spa needs a person (unread)")).to_be_visible()
    expect(panel.get_by_role("button", name="Mark all read")).to_be_visible()
