"""Settings and unsubscribing in a real browser: by keyboard, dark and light, small and large."""

import re

import pytest
from playwright.sync_api import Page, expect

from notifyhub.demo import PASSWORD

from .conftest import SignedIn
from .moves import trigger
from .test_accessible import LOOKS, serious

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_nothing_keeps_people_out_of_their_settings(signed_in: SignedIn, scheme: str, width: int) -> None:
    ana = signed_in("ana", at="/preferences/", width=width, color_scheme=scheme)
    expect(ana.get_by_role("heading", level=1)).to_have_text("Notification settings")

    assert serious(ana) == "[]"
    assert ana.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_wider_switch_takes_the_narrower_ones_along_and_keyboard_is_enough(signed_in: SignedIn) -> None:
    dana = signed_in("dana", at="/preferences/")
    category = dana.get_by_role("switch", name="Conversations: E-mail", exact=True)
    inside = dana.get_by_role("switch", name="High-priority session: E-mail", exact=True)
    expect(category).to_be_checked()

    category.focus()
    dana.keyboard.press("Space")
    expect(inside).not_to_be_checked()
    dana.locator("#save-choices").press("Enter")

    expect(dana.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    expect(category).not_to_be_checked()
    expect(inside).not_to_be_checked()
    dana.get_by_role("button", name=re.compile("^Conversations: E-mail, give it back")).click()
    expect(category).to_be_checked()


def test_the_zone_of_the_browser_is_taken_once_said_and_can_be_changed(signed_in: SignedIn) -> None:
    plain = by_password(signed_in(timezone_id="Europe/Berlin", java_script_enabled=False), "sven", at="/preferences/")
    expect(plain.get_by_label("Your time zone")).to_have_value("")  # nothing is guessed without scripts
    expect(plain.get_by_text("We take it you are in")).to_have_count(0)

    sven = by_password(signed_in(timezone_id="Europe/Berlin"), "sven", at="/preferences/")
    guessed = sven.get_by_text("We take it you are in Europe/Berlin, as your browser says.")
    expect(guessed).to_be_visible()
    expect(sven.get_by_label("Your time zone")).to_have_value("Europe/Berlin")
    sven.get_by_role("link", name="Change it").press("Enter")
    expect(sven.get_by_label("Your time zone")).to_be_focused()
    sven.get_by_label("Your time zone").fill("")
    sven.locator("#save-hours").press("Enter")

    expect(sven.get_by_role("status").filter(has_text="Saved")).to_be_visible()
    expect(guessed).to_have_count(0)
    expect(sven.get_by_label("Your time zone")).to_have_value("")
    expect(sven.get_by_role("button", name="Your browser says Europe/Berlin. Use it")).to_be_visible()


def test_the_bell_tells_the_zone_to_who_never_opens_the_settings(signed_in: SignedIn) -> None:
    with_bell = signed_in(timezone_id="Pacific/Auckland")
    with with_bell.expect_response(lambda answer: answer.request.method == "PATCH") as told:
        by_password(with_bell, "kavya", at="/inbox/")
    assert told.value.ok

    plain = by_password(signed_in(java_script_enabled=False), "kavya", at="/preferences/")
    expect(plain.get_by_text("We take it you are in Pacific/Auckland, as your browser says.")).to_be_visible()


def by_password(page: Page, username: str, *, at: str) -> Page:
    """Those of the demo who are nobody's choice on the page of sign-ins: no other test has been them."""
    page.goto(f"/sign-in/?next={at}")
    page.locator("input[name=username]").fill(username)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(f"**{at}")
    return page


def test_the_zone_of_the_browser_is_offered_where_another_is_set(signed_in: SignedIn) -> None:
    ana = signed_in("ana", at="/preferences/", timezone_id="Pacific/Chatham")
    field = ana.get_by_label("Your time zone")
    field.fill("Asia/Tokyo")
    ana.locator("#save-hours").press("Enter")
    expect(ana.get_by_role("status").filter(has_text="Saved")).to_be_visible()

    ana.get_by_role("button", name="Your browser says Pacific/Chatham. Use it").click()

    expect(field).to_have_value("Pacific/Chatham")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_channel_is_tried_out_with_and_without_scripts(signed_in: SignedIn, scripts: bool) -> None:
    dana = signed_in("dana", at="/preferences/", java_script_enabled=scripts)
    line = dana.get_by_role("listitem").filter(has=dana.get_by_text("E-mail", exact=True)).filter(
        has=dana.get_by_role("button")
    )  # fmt: skip

    line.get_by_role("button", name="Test E-mail").press("Enter")

    if not scripts:
        expect(line).to_contain_text(re.compile("on its way|arrived|handed on"))
        return
    expect(line).to_contain_text(re.compile("arrived|handed on"))


@pytest.mark.parametrize(("section", "named"), [("hours", "^Quiet hours"), ("windows", "^Hours")])
def test_hours_are_added_and_taken_away(signed_in: SignedIn, section: str, named: str) -> None:
    ana = signed_in("ana", at="/preferences/", width=390)
    form = ana.locator(f"#{section}")
    form.get_by_label("My own").check()
    rows = form.get_by_role("group", name=re.compile(named))
    before = rows.count()

    form.get_by_role("button", name="Add hours").click()
    expect(rows).to_have_count(before + 1)
    rows.last.get_by_role("button", name="Remove").click()

    expect(rows).to_have_count(before)


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_from_the_foot_of_a_mail_one_unsubscribes_without_signing_in(
    signed_in: SignedIn, scheme: str, width: int
) -> None:
    ana = signed_in("ana", at="/mailbox/")
    trigger(ana, "", key="proposal.pending", **proposal(f"Foot {width}"))
    ana.locator(".nh-item", has_text=f"Foot {width}").first.get_by_role("link").first.click()
    ana.get_by_role("link", name="Text", exact=True).click()
    address = re.search(r"Unsubscribe: (http\S+)", ana.locator(".site-mail__text").inner_text())
    assert address

    reader = signed_in(width=width, color_scheme=scheme)
    reader.goto(address[1])
    expect(reader.get_by_role("heading", level=1)).to_have_text("Unsubscribe from “Proposals”?")
    assert serious(reader) == "[]"
    reader.get_by_role("button", name="Unsubscribe", exact=True).press("Enter")

    expect(reader.get_by_role("heading", level=1)).to_have_text("You are unsubscribed from “Proposals”")
    assert serious(reader) == "[]"
    assert reader.evaluate("document.documentElement.scrollWidth <= innerWidth")
    reader.get_by_role("button", name="Undo").press("Enter")
    expect(reader.get_by_role("status").filter(has_text="Everything is as it was.")).to_be_visible()
    assert reader.context.cookies() == []


def proposal(title: str) -> dict[str, str]:
    """What a proposal needs."""
    return {"proposal_id": f"P-{title.replace(' ', '-')}", "title": title, "author": "Noor", "url": "/proposals/1"}
