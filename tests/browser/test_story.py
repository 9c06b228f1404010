"""From the first sign-in to a read notification: what the hub promises a newcomer."""

import pytest
from playwright.sync_api import Page, expect

from tests.site.processes import wait_until

from .conftest import SignedIn
from .moves import covered, escalate, expect_state, expect_unread, item, sideways, unread

pytestmark = pytest.mark.browser


def test_sign_in_trigger_and_see_everyone_told(signed_in: SignedIn) -> None:
    """Signed in with name and password, as on a real site."""
    page = signed_in()
    page.goto("/playground/")
    page.get_by_label("Username").fill("ana")
    page.get_by_label("Password").fill("welcome-aboard")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/playground/")

    escalate(page, "Story Hotel")

    expect(page.locator(".site-run__status")).to_have_text("sent")
    expect(page.locator(".site-told li")).to_have_count(3)
    expect(page.locator(".site-told .nh-pill")).to_have_text(["Told"] * 3)
    expect(page.locator(".site-stage:not(.site-stage--over)")).to_have_count(0)


def test_the_item_is_in_the_inbox_of_an_admin_and_the_bell_rises(signed_in: SignedIn) -> None:
    bruno = signed_in("bruno")
    before = unread(bruno)

    escalate(signed_in("ana"), "Bell Tower")
    bruno.goto("/inbox/")

    expect(item(bruno, "Bell Tower needs a person")).to_be_visible()
    expect_unread(bruno, before + 1)


def test_the_run_page_raises_the_bell_of_who_watches_it(signed_in: SignedIn) -> None:
    ana = signed_in("ana")
    before = unread(ana)

    escalate(ana, "Watch Tower")

    expect_unread(ana, before + 1)


def test_opening_an_item_reads_it(signed_in: SignedIn) -> None:
    ana = signed_in("ana")
    escalate(ana, "Open House")
    ana.goto("/inbox/")
    before = unread(ana)

    ana.get_by_role("link", name="Open House needs a person").first.click()

    expect(ana.get_by_role("heading", level=1)).to_have_text("Open House needs a person")
    expect_unread(ana, before - 1)
    expect(ana.get_by_role("button", name="Mark as unread")).to_be_visible()


def test_marking_unread_from_the_item_keeps_it_unread(signed_in: SignedIn) -> None:
    ana = signed_in("ana")
    escalate(ana, "Later Lodge")
    ana.goto("/inbox/")
    ana.locator(".nh-item__link", has_text="Later Lodge").click()
    ana.get_by_role("button", name="Mark as unread").click()

    ana.wait_for_url("**/inbox/")

    expect(item(ana, "Later Lodge")).to_have_class("nh-item nh-tone--error nh-item--unread")


def test_reading_and_archiving_in_the_list_leave_the_page_where_it_is(signed_in: SignedIn) -> None:
    ana = signed_in("ana")
    escalate(ana, "Archive Arms")
    ana.goto("/inbox/")
    before = unread(ana)
    ana.evaluate("window.stayed = true")

    ana.get_by_role("button", name="Mark as read: Archive Arms needs a person").click()
    expect_unread(ana, before - 1)
    ana.get_by_role("button", name="Archive: Archive Arms needs a person").click()
    expect(ana.get_by_role("status").filter(has_text="Archived.")).to_be_visible()
    expect(item(ana, "Archive Arms")).to_have_count(0)
    ana.get_by_role("button", name="Undo").click()

    expect(item(ana, "Archive Arms")).to_be_visible()
    assert ana.evaluate("window.stayed") is True


def test_whoever_was_signed_out_meanwhile_is_led_to_the_door_and_back(signed_in: SignedIn) -> None:
    ana = signed_in("ana", at="/inbox/?show=unread")
    expect_state(ana, "live")
    ana.context.clear_cookies(name="sessionid")

    ana.get_by_role("button", name="Archive: ").first.click()

    ana.wait_for_url("**/sign-in/?next=/inbox/*show*")
    ana.locator("button[name=username][value=ana]").click()
    ana.wait_for_url("**/inbox/?show=unread")


def test_what_was_archived_waits_in_the_archive(signed_in: SignedIn) -> None:
    ana = signed_in("ana")
    escalate(ana, "Cellar Cafe")
    ana.goto("/inbox/")

    ana.get_by_role("button", name="Archive: Cellar Cafe needs a person").click()
    expect(item(ana, "Cellar Cafe")).to_have_count(0)
    ana.get_by_role("link", name="Archived").click()

    expect(item(ana, "Cellar Cafe")).to_be_visible()


def test_deleting_asks_first(signed_in: SignedIn) -> None:
    ana = signed_in("ana")
    escalate(ana, "Delete Diner")
    ana.goto("/inbox/")
    row = item(ana, "Delete Diner")

    row.locator("summary").click()
    expect(row.get_by_text("cannot be brought back")).to_be_visible()
    ana.keyboard.press("Escape")
    expect(row.get_by_text("cannot be brought back")).to_be_hidden()
    row.locator("summary").click()
    row.get_by_role("button", name="Delete", exact=True).click()

    expect(item(ana, "Delete Diner")).to_have_count(0)


def test_read_all_reads_all_and_the_bell_falls_silent(signed_in: SignedIn) -> None:
    chidi = signed_in("chidi")
    escalate(chidi, "Silent Spa")
    chidi.goto("/inbox/")

    chidi.locator("#read-all").click()

    expect_unread(chidi, 0)
    expect(chidi.locator(".nh-item--unread")).to_have_count(0)
    expect(chidi.locator("#read-all")).to_be_disabled()


def test_an_action_leads_there_and_reads_the_item_on_the_way(signed_in: SignedIn, complaints: list[str]) -> None:
    ana = signed_in("ana")
    escalate(ana, "Action Arcade")
    ana.goto("/inbox/")
    before = unread(ana)

    item(ana, "Action Arcade").get_by_role("link", name="Take over").click()
    ana.wait_for_url("**/sessions/Action-Arcade")

    # The page that said so is gone; its word arrives nevertheless, a moment before or after this one.
    assert wait_until(lambda: bool(ana.goto("/inbox/")) and unread(ana) == before - 1, seconds=10)
    assert len(complaints) == 1, complaints
    assert "404" in complaints.pop()  # the demo's links lead to pages of a host that is not there


def test_cancelling_takes_the_item_out_of_the_inbox(signed_in: SignedIn) -> None:
    ana, bruno = signed_in("ana"), signed_in("bruno")
    escalate(ana, "Cancel Castle")

    ana.get_by_text("Take it back…").click()
    ana.get_by_role("button", name="Cancel this run").click()
    expect(ana.locator("[data-finished]")).to_be_attached()

    expect(ana.locator(".site-run__status")).to_have_text("retracted")
    expect(ana.locator(".site-told .nh-pill")).to_have_text(["Taken back"] * 3)
    bruno.goto("/inbox/")
    expect(item(bruno, "Cancel Castle")).to_have_count(0)


def test_one_click_opens_the_inbox_of_who_was_told(signed_in: SignedIn) -> None:
    ana = signed_in("ana")
    escalate(ana, "Next Door")

    ana.get_by_role("button", name="Open inbox of Bruno Carvalho").click()

    ana.wait_for_url("**/inbox/")
    expect(item(ana, "Next Door")).to_be_visible()
    expect(ana.get_by_label("Account of Bruno Carvalho")).to_be_visible()


def test_a_stranger_hears_nothing_of_it(signed_in: SignedIn) -> None:
    escalate(signed_in("ana"), "Secret Society", to="everyone")

    mallory = signed_in("mallory")

    expect_unread(mallory, 0)
    expect(mallory.get_by_text("Your inbox is empty")).to_be_visible()


def test_it_all_works_without_scripts(signed_in: SignedIn) -> None:
    ana = signed_in("ana", java_script_enabled=False)
    ana.goto("/playground/?workflow=proposal.pending")
    ana.get_by_role("button", name="Trigger").click()
    run = ana.url
    for _ in range(20):  # the page reloads by itself every two seconds; so do we, but quicker
        if ana.locator("[data-finished]").count():
            break
        ana.goto(run)
    expect(ana.locator(".site-run__status")).to_have_text("sent")
    ana.goto("/inbox/?tab=reviews")
    before = unread(ana)

    ana.locator(".nh-item--unread .nh-item__tools button").first.click()

    expect_unread(ana, before - 1)
    assert ana.url.endswith("/inbox/?tab=reviews")


def test_on_a_phone_nothing_is_cut(signed_in: SignedIn) -> None:
    page = signed_in("ana", width=390, has_touch=True, at="/playground/")
    page.goto("/playground/?workflow=session.high_priority")
    expect(page.locator("nh-bell [part=badge]")).to_be_visible()
    badge, chosen = (
        page.locator(one).bounding_box() for one in ("nh-bell [part=badge]", ".site-workflows [aria-current]")
    )
    assert badge is not None
    assert badge["y"] >= 0
    assert chosen is not None
    assert 0 <= chosen["x"] <= 390 - chosen["width"]

    page.goto("/preferences/")
    shorter = """(all) => all.filter((one) => {
        const width = one.offsetWidth;
        one.style.inlineSize = "auto";
        return one.offsetWidth > width;
    }).length"""
    assert page.locator(".nh-often select").evaluate_all(shorter) == 0


@pytest.mark.parametrize("width", [390, 820, 1440])
def test_no_page_is_wider_than_its_screen(signed_in: SignedIn, width: int) -> None:
    page: Page = signed_in("ana", width=width)
    run = escalate(page, "Wide Open Spaces" + "x" * 150)

    for path in ("/sign-in/", "/inbox/", "/inbox/?tab=errors", "/playground/", run):
        page.goto(path)
        assert sideways(page) == 0, path
        if path != "/sign-in/":
            page.locator("#nh-bell").click()
            assert sideways(page) == 0, f"{path} with the bell open"
    page.goto("/inbox/")
    assert covered(page, ".nh-tabs a, .nh-inbox__head button, .nh-inbox__filters a, .nh-item__link") == []
    item(page, "Wide Open Spaces").first.get_by_role("link").first.click()
    expect(page.get_by_role("button", name="Mark as unread")).to_be_visible()
    title = page.get_by_role("heading", level=1).bounding_box()
    assert sideways(page) == 0
    assert title is not None
    assert title["width"] > 0.35 * width
