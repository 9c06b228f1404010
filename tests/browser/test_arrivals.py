"""What leaves the building, as a newcomer sees it: the mail in the mailbox, the webhook in the catcher, verified."""

import pytest
from playwright.sync_api import expect

from .conftest import SignedIn
from .moves import covered, escalate, item, sideways

pytestmark = pytest.mark.browser
CATCHER = "/catcher/northwind/"
TARGETS = ".site-trace a, .nh-item__link, .site-came button, .site-came select"


def test_a_trigger_is_followed_to_the_mail_and_to_the_verified_request(signed_in: SignedIn) -> None:
    ana = signed_in("ana")

    escalate(ana, "Wire Works")

    expect(ana.locator("[data-settled]")).to_be_attached()
    hook = ana.locator(".site-trace", has_text="Webhook catcher")
    expect(hook).to_contain_text("Sent because “Webhook catcher” listens to this workflow.")
    expect(hook).to_contain_text("Delivered")
    mail = ana.locator(".site-trace", has_text="bruno@northwind.example")
    expect(mail).to_contain_text("Sent because they can be reached there and did not turn it off.")
    mail.get_by_role("link", name="Look at it").click()
    expect(ana.get_by_role("heading", level=1)).to_have_text("Wire Works needs a person: Asked for it")
    expect(ana.frame_locator("iframe").get_by_text("Asked for it.")).to_be_visible()
    ana.get_by_role("link", name="Session escalated").click()
    hook.get_by_role("link", name="Look at it").click()
    expect(ana.locator(".site-verdict")).to_contain_text("✓ Verified")
    expect(ana.locator("pre").first).to_contain_text('"customer": "Wire Works"')


def test_mail_and_webhooks_arrive_while_one_watches(signed_in: SignedIn) -> None:
    mailbox, catcher = signed_in("ana", at="/mailbox/"), signed_in("ana", at=CATCHER)
    for page in (mailbox, catcher):
        page.evaluate("window.stayed = true")

    escalate(signed_in("ana"), "Watch Maker")

    expect(mailbox.locator(".nh-item", has_text="Watch Maker needs a person").first).to_be_visible()
    expect(catcher.locator(".nh-item", has_text="Watch Maker needs a person")).to_contain_text("✓ Verified")
    assert [page.evaluate("window.stayed") for page in (mailbox, catcher)] == [True, True]


def test_a_receiver_that_fails_is_tried_again(signed_in: SignedIn) -> None:
    """At Globex, where nobody else's webhook can take the failure."""
    mallory = signed_in("mallory", at="/catcher/globex/")
    mallory.get_by_label("Answer the next").fill("1")
    mallory.get_by_role("button", name="Do so").click()
    expect(mallory.get_by_text("The next request gets: 500, an error of the receiver.").first).to_be_visible()

    escalate(mallory, "Second Chance")

    hook = mallory.locator(".site-trace", has_text="Webhook catcher")
    expect(hook).to_contain_text("1 try failed: the receiver had a problem (HTTP 500")
    expect(hook).to_contain_text("Tried again at")
    hook.get_by_role("link", name="Look at it").click()
    expect(mallory.locator(".site-facts")).to_contain_text("500 as you told it to")
    expect(mallory.locator(".site-verdict")).to_contain_text("✓ Verified")


def test_a_mail_is_looked_at_as_on_a_phone(signed_in: SignedIn) -> None:
    ana = signed_in("ana")
    escalate(ana, "Phone Booth")
    ana.goto("/mailbox/")
    item(ana, "Phone Booth needs a person").first.get_by_role("link").click()
    frame = ana.locator("iframe")
    wide = frame.bounding_box()

    ana.get_by_role("radio", name="Phone").check()

    narrow = frame.bounding_box()
    assert wide is not None
    assert narrow is not None
    assert narrow["width"] < 400 < wide["width"]


def test_a_stranger_sees_none_of_it(signed_in: SignedIn) -> None:
    ana, mallory = signed_in("ana"), signed_in("mallory")
    escalate(ana, "Whisper Wing")
    expect(ana.locator("[data-settled]")).to_be_attached()

    for path in ("/mailbox/", "/catcher/globex/"):
        mallory.goto(path)
        expect(mallory.get_by_role("heading", level=1)).to_be_visible()
        expect(mallory.get_by_text("Whisper Wing")).to_have_count(0)


@pytest.mark.parametrize("width", [390, 820])
def test_every_page_of_it_fits_the_screen(signed_in: SignedIn, width: int) -> None:
    ana = signed_in("ana", width=width)
    run = escalate(ana, "Narrow Nook")
    expect(ana.locator("[data-settled]")).to_be_attached()

    for path in (run, "/mailbox/", CATCHER):
        ana.goto(path)
        assert (sideways(ana), covered(ana, TARGETS)) == (0, []), path
    for path in ("/mailbox/", CATCHER):
        ana.goto(path)
        ana.locator(".nh-item__link").first.click()
        expect(ana.locator(".nh-back")).to_be_visible()
        assert sideways(ana) == 0, ana.url
