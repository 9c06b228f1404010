"""The page of a run moves on as its steps happen: told by the socket, and asked for where sockets are blocked."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, Request, Route, expect

from .cable import Cable
from .conftest import SignedIn
from .moves import csrf, expect_state, live, trigger

pytestmark = pytest.mark.browser

WAITS = {"session_id": "S-9", "customer": "Ten Minutes Inn", "priority": "high", "url": "/sessions/9"}


def start(page: Page, key: str, payload: dict[str, object], *, seconds: float = 0) -> str:
    """Trigger by the API, to be started in so many seconds; the address of the run's page."""
    said = {"workflow": key, "payload": payload, "at": (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()}
    answer = page.request.post("/api/v1/trigger/", headers={"X-CSRFToken": csrf(page)}, data=said)
    assert answer.status == 202, answer.text()
    return f"/runs/{answer.json()['run']}/"


def never_answered(page: Page) -> list[str]:
    """From now on no question for the state of a run is answered. Those that were asked."""
    asked: list[str] = []

    def say_nothing(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=204)

    page.route("**/runs/*/state/", say_nothing)
    return asked


@dataclass
class ByHand:
    """A run that waits, on a page whose clock can be moved, and what the page has asked for, also what it will."""

    page: Page
    run: str
    requests: list[Request] = field(default_factory=list)
    finished: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", self._note)
        self.page.on("requestfinished", self._note_finished)
        self.page.clock.install()
        self.page.goto(self.run)
        if not self._copies(self.requests):
            # As `expect_told`: with such a clock there are no entries of resources.
            self.page.wait_for_event("request", self._is_copy)

    def settle(self) -> None:
        """Wait until each copy of itself that the page has asked for is there."""
        for _ in range(self._copies(self.requests) - self._copies(self.finished)):
            self.page.wait_for_event("requestfinished", self._is_copy)

    def _note(self, request: Request) -> None:
        self.requests.append(request)

    def _note_finished(self, request: Request) -> None:
        self.finished.append(request)

    def _copies(self, requests: list[Request]) -> int:
        return sum(map(self._is_copy, requests))

    def _is_copy(self, request: Request) -> bool:
        return request.resource_type == "fetch" and request.url.endswith(self.run)


def shown_by_hand(page: Page) -> ByHand:
    return ByHand(page, start(page, "session.high_priority", WAITS))


def expect_told(page: Page) -> None:
    """Wait until the connection tells this page: a fresh copy of it was fetched because of its first word."""
    expect_state(page, "live")
    page.wait_for_function(
        "() => performance.getEntriesByType('resource').some((one) => one.name === location.href.split('#')[0])"
    )


def test_steps_tick_as_they_happen_without_a_question(signed_in: SignedIn) -> None:
    ana = signed_in("ana")
    never_answered(ana)
    ana.add_init_script("""
        window.seen = [];
        setInterval(() => {
            const now = document.querySelector('.site-run__status')?.innerText;
            if (now && now !== seen.at(-1)) seen.push(now);
        }, 5);
    """)

    ana.goto(start(ana, "knowledge_gap.detected", {"topic": "Ticking Tavern", "question": "Does it tick?"}, seconds=3))

    expect(ana.locator("[data-settled]")).to_be_attached()
    expect(ana.locator(".site-run__status")).to_have_text("sent")
    expect(ana.locator(".site-stage:not(.site-stage--over)")).to_have_count(0)
    assert ana.evaluate("seen")[-1] == "sent"


def test_what_somebody_else_does_to_a_run_shows_without_a_question_in_between(signed_in: SignedIn) -> None:
    ana, bruno = signed_in("ana"), signed_in("bruno")
    run = start(ana, "session.high_priority", WAITS)
    ana.goto(run)
    expect(ana.locator(".site-stage--now", has_text="3 people are here")).to_be_visible()
    expect_told(ana)
    asked = never_answered(ana)

    bruno.goto(run)
    bruno.get_by_text("Cancel…").click()
    bruno.get_by_role("button", name="Cancel this run").click()

    expect(ana.locator(".site-run__status")).to_have_text("retracted")
    expect(ana.locator(".site-told .nh-pill")).to_have_text(["Taken back"] * 3)
    assert asked == []


def test_a_second_tab_of_the_same_run_is_told_from_its_beginning(signed_in: SignedIn) -> None:
    ana = signed_in("ana")
    run = start(ana, "session.high_priority", WAITS)
    ana.goto(run)
    expect_told(ana)
    there = ana.context.new_page()

    there.goto(run)

    expect_told(there)
    there.close()
    asked = never_answered(ana)
    assert ana.request.post(f"{run}cancel/", headers={"X-CSRFToken": csrf(ana)}, form={}).ok
    expect(ana.locator(".site-run__status")).to_have_text("retracted")
    assert asked == []


def test_a_page_that_is_not_looked_at_asks_nothing_and_is_fresh_when_it_is(signed_in: SignedIn) -> None:
    ana = signed_in("ana")
    shown = shown_by_hand(ana)
    ana.evaluate("Object.defineProperty(document, 'hidden', { configurable: true, value: true })")
    shown.settle()  # a copy may be on its way, asked for while the page was looked at
    asked = never_answered(ana)
    before = ana.locator(".site-run__status").inner_text()
    live(ana, "window.heard = 0; hub.addEventListener('nh:changed', () => heard++);")
    shown.requests.clear()

    cancelled = ana.request.post(f"{shown.run}cancel/", headers={"X-CSRFToken": csrf(ana)}, form={})
    assert cancelled.ok
    ana.wait_for_function("() => heard > 0")
    ana.clock.fast_forward(1_000)
    assert ana.locator(".site-run__status").inner_text() == before
    assert shown.requests == []
    ana.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")

    expect(ana.locator(".site-run__status")).to_have_text("retracted")
    assert asked == []


def test_a_copy_that_the_server_refused_is_asked_for_again(signed_in: SignedIn, complaints: list[str]) -> None:
    ana = signed_in("ana")
    run = shown_by_hand(ana).run
    refused: list[str] = []

    def refuse(route: Route) -> None:
        if len(refused) < 3:
            refused.append(route.request.url)
            route.fulfill(status=503)
        else:
            route.continue_()

    ana.route(f"**{run}", refuse)
    assert ana.request.post(f"{run}cancel/", headers={"X-CSRFToken": csrf(ana)}, form={}).ok
    while len(refused) < 3:
        with ana.expect_request(f"**{run}"):
            ana.clock.fast_forward(5_000)

    ana.clock.fast_forward(5_000)
    expect(ana.locator(".site-run__status")).to_have_text("retracted")
    assert all("503" in one for one in complaints)
    complaints.clear()


def test_where_sockets_are_blocked_the_page_asks(cable: Cable, signed_in: SignedIn, complaints: list[str]) -> None:
    cable.sockets = False
    ana, bruno = signed_in("ana", base_url=cable.address), signed_in("bruno")
    run = start(ana, "session.high_priority", WAITS)
    ana.goto(run)
    expect(ana.locator(".site-stage--now", has_text="3 people are here")).to_be_visible()

    bruno.goto(run)
    bruno.get_by_text("Cancel…").click()
    bruno.get_by_role("button", name="Cancel this run").click()

    expect(ana.locator(".site-run__status")).to_have_text("retracted")
    assert all("WebSocket" in one for one in complaints)
    complaints.clear()


def test_a_page_whose_socket_is_lost_asks_until_it_is_back(
    cable: Cable, signed_in: SignedIn, complaints: list[str]
) -> None:
    ana, bruno = signed_in("ana", base_url=cable.address), signed_in("bruno")
    run = start(ana, "session.high_priority", WAITS)
    ana.goto(run)
    expect_told(ana)
    cable.sockets = False
    cable.cut()
    cable.mend()

    bruno.goto(run)
    bruno.get_by_text("Cancel…").click()
    bruno.get_by_role("button", name="Cancel this run").click()

    expect(ana.locator(".site-run__status")).to_have_text("retracted")
    trigger(bruno, "After The Storm")
    assert all("WebSocket" in one or "ERR_" in one for one in complaints), complaints
    complaints.clear()
