"""The playground's help while one types, and what it never does by itself."""

import pytest
from playwright.sync_api import expect

from .cable import Cable
from .conftest import SignedIn

pytestmark = pytest.mark.browser


def test_what_is_wrong_stands_below_the_payload_while_one_types(signed_in: SignedIn) -> None:
    page = signed_in("ana", at="/playground/")
    page.goto("/playground/?workflow=knowledge_gap.detected")
    problems = page.locator("#payload-problems")

    page.locator("#payload").fill('{"topic": 5}')
    expect(problems).to_contain_text("/topic")
    expect(page.locator("#payload")).to_have_attribute("aria-invalid", "true")
    page.locator("#payload").fill('{"topic": ')
    expect(problems).to_contain_text("Line 1, column 11")
    page.locator("#payload").fill('{"topic": "T", "question": "Q"}')

    expect(problems).to_be_empty()
    expect(page.locator("#payload")).not_to_have_attribute("aria-invalid", "true")


def test_the_summary_follows_the_choice_of_people(signed_in: SignedIn) -> None:
    page = signed_in("ana", at="/playground/")
    summary = page.locator("[data-site-summary]")

    expect(summary).to_have_text("Would tell 3: Ana Lindqvist, Bruno Carvalho, Chidi Okafor.")
    page.get_by_role("radio", name="Some").check()
    expect(page.locator("#recipients-problems")).to_contain_text("Nobody is chosen yet")
    page.get_by_role("checkbox", name="Emi Takahashi").check()

    expect(summary).to_have_text("Would tell 1: Emi Takahashi.")


def test_people_can_be_ticked_only_where_it_counts(signed_in: SignedIn) -> None:
    page = signed_in("ana", at="/playground/")

    expect(page.get_by_role("checkbox", name="Emi Takahashi")).to_be_hidden()
    page.get_by_role("radio", name="Some").check()
    expect(page.get_by_role("checkbox", name="Emi Takahashi")).to_be_visible()


def test_format_tidies_and_changes_nothing(signed_in: SignedIn) -> None:
    page = signed_in("ana", at="/playground/")
    page.locator("#payload").fill('{"b":1,"a":[true,null]}')

    page.get_by_role("button", name="Format").click()

    expect(page.locator("#payload")).to_have_value('{\n  "b": 1,\n  "a": [\n    true,\n    null\n  ]\n}')


def test_a_second_press_while_the_first_is_on_its_way_does_nothing(signed_in: SignedIn) -> None:
    page = signed_in("ana", at="/playground/")
    page.goto("/playground/?workflow=knowledge_gap.detected")

    stopped = page.evaluate("""() => {
        const stopped = [];
        document.addEventListener("submit", (event) => {
            stopped.push(event.defaultPrevented);
            event.preventDefault();  // the form stays, as it does while an answer is awaited
        });
        const button = document.querySelector("button[value=trigger]");
        button.click();
        button.click();
        return stopped;
    }""")

    assert stopped == [False, True]


def test_whoever_stopped_the_browser_may_press_again(cable: Cable, signed_in: SignedIn) -> None:
    page = signed_in("ana", at="/playground/", base_url=cable.address)
    cable.unanswered = (b"POST /playground/ ",)
    press = "setTimeout(() => document.querySelector('button[value=trigger]').click())"
    with page.expect_request(lambda request: request.method == "POST" and request.url.endswith("/playground/")):
        page.evaluate(press)

    page.context.new_cdp_session(page).send("Page.stopLoading")

    expect(page.locator("[data-sent]")).to_have_count(0)
    with page.expect_request(lambda request: request.method == "POST" and request.url.endswith("/playground/")):
        page.evaluate(press)


def test_questions_that_are_not_answered_leave_the_connections_to_others(cable: Cable, signed_in: SignedIn) -> None:
    page = signed_in("ana", at="/playground/", base_url=cable.address)
    cable.unanswered = (b"POST /playground/check/",)

    for _ in range(7):
        with page.expect_request("**/playground/check/"):
            page.locator("#payload").press("Space")

    script = "async () => (await fetch('/api/v1/inbox/unread-count/', { signal: AbortSignal.timeout(8_000) })).status"
    assert page.evaluate(script) == 200


def test_text_of_a_payload_stays_text_everywhere(signed_in: SignedIn) -> None:
    page = signed_in("ana", at="/playground/")
    evil = "<img src=x onerror=document.title=1><script>document.title=2</script>"
    page.goto("/playground/?workflow=session.escalated")
    page.locator("#payload").fill(f'{{"session_id": "x", "customer": "{evil}", "reason": "{evil}"}}')
    page.get_by_role("button", name="Trigger").click()
    page.wait_for_url("**/runs/**")
    expect(page.locator("[data-finished]")).to_be_attached()

    page.goto("/inbox/")
    link = page.locator(".nh-item__link", has_text="onerror")

    expect(link).to_contain_text(evil)
    assert page.locator("main img").count() == 0
    assert page.title().endswith("Inbox · notifyhub")
