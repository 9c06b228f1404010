"""A workflow is written, previewed and published in the admin; and what goes wrong is told where it went wrong."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SignedIn

pytestmark = [pytest.mark.browser, pytest.mark.once]
STEPS = [
    {"kind": "send", "channel": "inbox", "template": {"title": "Hello {{ payload.name }}"}},
    {"kind": "send", "channel": "email", "template": {"title": "Hello", "markdown": "**Welcome**, {{ payload.name }}"}},
]


def test_a_workflow_is_written_previewed_and_published(signed_in: SignedIn, complaints: list[str]) -> None:
    page = signed_in("operator", at="/admin/notifyhub_workflows/workflow/add/")
    page.get_by_label("Tenant:").select_option(index=1)
    page.get_by_label("Name:").fill("Welcome")
    page.get_by_label("Key:").fill("t.welcome")
    page.get_by_label("Sample:").fill('{"name": "Ada"}')
    page.get_by_label("Steps:").fill('[\n {"kind": }]')
    page.get_by_text("Save and continue editing").click()
    expect(page.get_by_text("Line 2, column 11")).to_be_visible()

    page.get_by_label("Steps:").fill(json.dumps(STEPS))
    page.get_by_text("Save and continue editing").click()
    page.get_by_role("link", name="Preview").click()
    expect(page.get_by_text("Hello Ada").first).to_be_visible()
    expect(page.frame_locator("iframe").get_by_text("Welcome")).to_be_visible()
    page.go_back()

    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Version 1 is in force")).to_be_visible()
    expect(page.get_by_text("It is in force as it stands here.")).to_be_visible()
    page.get_by_label("Name:").press("Enter")  # sends the form, and presses no button of a version
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    complaints[:] = [one for one in complaints if "favicon.ico" not in one]  # Django's admin names no icon
