"""The bell rings in every tab, and nothing is missed."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, Route, WebSocket, expect

from .cable import Cable
from .conftest import SignedIn
from .moves import expect_state, expect_unread, heard, item, live, trigger, unread

pytestmark = pytest.mark.browser


def sockets_of(context: BrowserContext) -> list[WebSocket]:
    """Those that pages of this browser will open; the list grows."""
    sockets: list[WebSocket] = []

    def note(socket: WebSocket) -> None:
        sockets.append(socket)

    for page in context.pages:
        page.on("websocket", note)
    context.on("page", lambda page: page.on("websocket", note))
    return sockets


def sign_in(page: Page, username: str) -> None:
    page.goto("/sign-in/?next=/inbox/")
    page.locator(f"button[name=username][value={username}]").click()
    page.wait_for_url("**/inbox/")


def sign_out(page: Page) -> None:
    page.locator("summary[aria-label^='Account of']").click()
    page.locator("#sign-out").click()
    page.wait_for_url("**/sign-in/**")


def test_a_trigger_reaches_the_bell_the_list_and_the_title_of_an_open_page(signed_in: SignedIn) -> None:
    ana, bruno = signed_in("ana"), signed_in("bruno")
    expect_state(bruno, "live")
    before, in_general = unread(bruno), live(bruno, "return hub.unread.by_tab.general ?? 0")

    trigger(ana, "Lively Lodge")

    expect_unread(bruno, before + 1)
    expect(bruno).to_have_title(f"({before + 1}) Inbox · notifyhub")
    expect(bruno.locator(".nh-item").first).to_contain_text("Lively Lodge needs a person")
    expect(bruno.locator("#tab-general .nh-count")).to_contain_text(str(in_general + 1))


def test_what_is_read_in_one_tab_is_read_in_the_other(signed_in: SignedIn) -> None:
    here = signed_in("ana")
    there = here.context.new_page()
    there.goto("/inbox/")
    expect_state(there, "live")
    trigger(here, "Twin Towers")
    expect(item(there, "Twin Towers")).to_be_visible()
    before = unread(there)

    here.get_by_role("button", name="Mark as read: Twin Towers needs a person").click()

    expect_unread(there, before - 1)
    expect(there.get_by_role("button", name="Mark as unread: Twin Towers needs a person")).to_be_visible()


def test_archived_and_taken_back_elsewhere_leave_the_list(signed_in: SignedIn) -> None:
    here = signed_in("ana")
    there = here.context.new_page()
    there.goto("/inbox/")
    trigger(here, "Fading Farm")
    expect(item(there, "Fading Farm")).to_be_visible()

    here.get_by_role("button", name="Archive: Fading Farm needs a person").click()

    expect(item(there, "Fading Farm")).to_have_count(0)


def test_a_person_who_was_away_gets_exactly_what_they_missed(
    cable: Cable, signed_in: SignedIn, complaints: list[str]
) -> None:
    ana, bruno = signed_in("ana"), signed_in("bruno", base_url=cable.address)
    expect_state(bruno, "live")
    before = unread(bruno)
    heard(bruno)

    cable.cut()
    for name in ("First Fort", "Second Spa", "Third Tower"):
        trigger(ana, name)
        expect(item(ana, name)).to_be_visible()
    cable.mend()
    bruno.evaluate("dispatchEvent(new Event('online'))")

    expect_unread(bruno, before + 3)
    trigger(ana, "Fourth Farm")
    bruno.wait_for_function("() => heard.includes('Fourth Farm needs a person')")
    names = ["First Fort", "Second Spa", "Third Tower", "Fourth Farm"]
    assert bruno.evaluate("heard") == [f"{name} needs a person" for name in names]
    assert all("ERR_" in one for one in complaints)  # that the network was away
    complaints.clear()


def test_three_tabs_share_one_socket_and_the_next_leads_when_one_is_closed(signed_in: SignedIn) -> None:
    first = signed_in()
    sockets = sockets_of(first.context)
    first.goto("/sign-in/?next=/playground/")
    first.locator("button[name=username][value=chidi]").click()
    tabs = [first.context.new_page() for _ in range(3)]
    first.close()
    for tab in tabs:
        tab.goto("/inbox/")
        expect_state(tab, "live")
    ana = signed_in("ana")

    trigger(ana, "Led By One")
    for tab in tabs:
        expect(item(tab, "Led By One")).to_be_visible()
    assert len(sockets) == 1
    tabs[0].close()
    trigger(ana, "Led By Another")

    for tab in tabs[1:]:
        expect(item(tab, "Led By Another")).to_be_visible()
    assert len(sockets) == 2


def test_tabs_without_locks_elect_one(signed_in: SignedIn, complaints: list[str]) -> None:
    """Also if the file with the rules did not come at first."""
    first = signed_in("ana")
    first.context.add_init_script("delete Navigator.prototype.locks")
    first.context.route("**/live/election.js", lambda route: route.abort(), times=1)
    sockets = sockets_of(first.context)
    first.goto("about:blank")
    tabs = [first.context.new_page() for _ in range(2)]
    for tab in tabs:
        tab.goto("/inbox/")
        expect_state(tab, "live")

    trigger(tabs[1], "Elected Estate")

    for tab in tabs:
        expect(item(tab, "Elected Estate")).to_be_visible()
    assert len(sockets) == 1
    tabs[0].goto("about:blank")
    trigger(tabs[1], "Reelected Resort")
    expect(item(tabs[1], "Reelected Resort")).to_be_visible()
    assert len(sockets) == 2
    assert all("ERR_FAILED" in one for one in complaints)
    complaints.clear()


def test_a_tab_that_was_signed_out_holds_no_other_up(signed_in: SignedIn, complaints: list[str]) -> None:
    """It comes back with the next one of the same person, and never shows what is somebody else's."""
    left = signed_in("ana")
    expect_state(left, "live")
    there = left.context.new_page()
    sign_in(there, "ana")
    expect_state(there, "live")

    sign_out(there)
    expect_state(left, "signed-out")
    sign_in(there, "ana")
    for page in (there, left):
        expect_state(page, "live")
    trigger(there, "Back Again")
    for page in (there, left):
        expect(item(page, "Back Again")).to_be_visible()

    sign_out(there)
    expect_state(left, "signed-out")
    sign_in(there, "bruno")
    expect_state(there, "live")
    with left.expect_websocket() as tried:
        left.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    if not tried.value.is_closed():
        tried.value.wait_for_event("close")
    expect_state(left, "signed-out")
    assert all("WebSocket" in one or "401" in one for one in complaints)  # that nobody was signed in
    complaints.clear()


def test_a_copy_and_a_place_that_did_not_get_through_are_tried_again(
    signed_in: SignedIn, complaints: list[str]
) -> None:
    ana = signed_in("ana", at="/playground/")
    failed: set[str] = set()

    def busy_once(route: Route) -> None:
        url = route.request.url
        if route.request.resource_type != "fetch" or url in failed:
            return route.continue_()
        failed.add(url)
        return route.fulfill(status=503, body="busy")

    ana.route(re.compile("/inbox/(seen/)?$"), busy_once)
    with ana.expect_response("**/inbox/seen/") as seen:
        ana.goto("/inbox/")
    assert seen.value.status == 503
    with ana.expect_response("**/inbox/seen/") as seen:
        ana.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert seen.value.status == 204
    expect_state(ana, "live")

    trigger(ana, "Tenacious Tower")

    expect(item(ana, "Tenacious Tower")).to_be_visible()
    assert len(failed) == len(complaints) == 2
    complaints.clear()


def test_what_is_never_answered_is_said_and_holds_nothing_up(cable: Cable, signed_in: SignedIn) -> None:
    ana = signed_in("ana", base_url=cable.address)
    cable.unanswered = (b"POST /inbox/",)
    archive = ana.get_by_role("button", name="Archive: ")
    for number in range(5):
        archive.nth(number).click()
    expect(ana.locator("[aria-busy=true]")).to_have_count(5)

    expect(ana.get_by_role("status").filter(has_text="That did not work. Try again.")).to_be_visible()
    expect(ana.locator("[aria-busy=true]")).to_have_count(0)
    cable.unanswered = ()
    first = ana.locator(f"#{ana.locator('.nh-item').first.get_attribute('id')}")
    archive.first.click()

    expect(ana.get_by_role("status").filter(has_text="Archived.")).to_be_visible()
    expect(first).to_have_count(0)
    ana.get_by_role("button", name="Undo").click()
    expect(first).to_be_visible()


def test_where_sockets_are_blocked_we_ask(cable: Cable, signed_in: SignedIn, complaints: list[str]) -> None:
    cable.sockets = False
    ana, bruno = signed_in("ana"), signed_in("bruno", base_url=cable.address)
    expect_state(bruno, "polling")
    before = unread(bruno)
    heard(bruno)

    trigger(ana, "Polled Palace")
    expect(item(ana, "Polled Palace")).to_be_visible()
    live(bruno, "hub.poke()")

    expect_unread(bruno, before + 1)
    assert bruno.evaluate("heard") == ["Polled Palace needs a person"]
    bruno.locator("#nh-bell").click()
    bruno.locator("nh-bell").get_by_role("button", name="Mark all read").click()
    expect_unread(bruno, 0)
    expect_unread(ana, unread(ana))
    assert all("WebSocket" in one for one in complaints)
    complaints.clear()


def test_what_the_server_refuses_is_taken_back(signed_in: SignedIn, complaints: list[str]) -> None:
    ana = signed_in("ana")
    trigger(ana, "Stubborn Stable")
    expect(item(ana, "Stubborn Stable")).to_be_visible()
    before = unread(ana)
    ana.route("**/api/v1/inbox/read-all/", lambda route: route.fulfill(status=503, json={"detail": "Not now"}))

    numbers = live(
        ana,
        "const seen = []; hub.addEventListener('nh:unread', () => seen.push(hub.unread.count));"
        "const done = await hub.readAll(); return [done, ...seen];",
    )

    assert numbers == [False, 0, before]
    expect_unread(ana, before)
    assert len(complaints) == 1
    assert "503" in complaints.pop()


def test_new_items_do_not_move_what_somebody_points_at(signed_in: SignedIn) -> None:
    ana = signed_in("ana")
    trigger(ana, "Steady Station")
    row = item(ana, "Steady Station").first
    row.hover()
    place = row.bounding_box()

    trigger(ana, "Moving Motel")
    expect(ana.get_by_role("button", name="1 new")).to_be_visible()
    assert row.bounding_box() == place
    ana.get_by_role("button", name="1 new").press("Enter")

    expect(item(ana, "Moving Motel").get_by_role("link", name="Moving Motel")).to_be_focused()


def test_nothing_shifts_in_an_open_bell(signed_in: SignedIn) -> None:
    ana = signed_in("ana", at="/playground/")
    expect_state(ana, "live")
    bell = ana.locator("nh-bell")
    bell.get_by_role("button").first.click()
    expect(bell.get_by_role("dialog", name="Notifications")).to_be_visible()
    ana.evaluate("""() => {
        window.shifts = [];
        new PerformanceObserver((list) => shifts.push(...list.getEntries().map((entry) => entry.value)))
            .observe({ type: "layout-shift", buffered: false });
    }""")

    trigger(ana, "Calm Castle")
    expect(bell.get_by_role("button", name="1 new")).to_be_visible()
    assert ana.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(shifts))))") == []
    bell.get_by_role("button", name="1 new").click()

    expect(bell.get_by_role("link").first).to_contain_text("Calm Castle")
    expect(bell.get_by_role("link").first).to_be_focused()


def test_what_comes_while_the_list_of_the_bell_is_fetched_is_in_it(signed_in: SignedIn) -> None:
    ana = signed_in("ana", at="/playground/")
    expect_state(ana, "live")
    old = ana.request.get("/api/v1/inbox/?limit=9").body()
    held: dict[str, Route] = {}
    ana.route("**/api/v1/inbox/?limit=9", lambda route: held.setdefault("list", route))
    bell = ana.locator("nh-bell")
    bell.evaluate("(bell) => bell.setAttribute('latest', 9)")  # more than the page brought along
    with ana.expect_request("**/api/v1/inbox/?limit=9"):
        bell.get_by_role("button").first.click()

    trigger(ana, "Raced Ranch")
    expect(bell.get_by_role("button", name="1 new")).to_be_visible()
    with ana.expect_response("**/api/v1/inbox/?limit=9"):
        held["list"].fulfill(body=old, content_type="application/json")
    expect(bell.get_by_role("button", name="1 new")).to_be_visible()
    bell.get_by_role("button", name="1 new").click()
    expect(bell.get_by_role("link").first).to_contain_text("Raced Ranch")

    bell.evaluate("(bell) => { bell.removeAttribute('latest'); bell.hide(); bell.parentNode.append(bell); }")
    bell.evaluate("(bell) => bell.show()")
    expect(bell.get_by_role("link").first).to_contain_text("Raced Ranch")
    live(
        ana,
        """for (let number = 0; number < 8; number += 1) {
            const item = { id: `storm-${number}`, title: "Storm", state: "active", read: false };
            hub.dispatchEvent(new CustomEvent("nh:item", { detail: { tenant: hub.tenant, item } }));
        }""",
    )
    expect(bell.get_by_role("button", name="8 new")).to_be_visible()


def test_a_connection_that_is_ended_while_its_ticket_is_on_its_way_opens_no_socket(signed_in: SignedIn) -> None:
    ana = signed_in("ana", at="/playground/")
    expect_state(ana, "live")
    sockets = sockets_of(ana.context)
    ana.route("**/api/v1/socket-ticket/", lambda route: route.fulfill(json={"ticket": "too-late"}))
    ana.evaluate(
        """async () => {
            const { live } = await import("/static/notifyhub/live.js");
            window.other = live({ user: "another", token: () => new Promise((mint) => (window.mint = mint)) });
            other.connect();
        }"""
    )
    ana.wait_for_function("() => window.mint")

    ana.evaluate("other.close()")
    with ana.expect_response("**/api/v1/socket-ticket/"):
        ana.evaluate("mint('a token')")

    assert ana.evaluate("async () => (await fetch('/readyz')).status") == 200
    assert sockets == []


def test_a_click_in_the_bell_reads_and_leads_there(signed_in: SignedIn) -> None:
    ana = signed_in("ana", at="/playground/")
    expect_state(ana, "live")
    before = unread(ana)
    trigger(ana, "Clicked Court")
    expect_unread(ana, before + 1)
    bell = ana.locator("nh-bell")
    bell.get_by_role("button").first.click()
    link = bell.get_by_role("link", name="Clicked Court needs a person (unread)")

    link.click()

    ana.wait_for_url("**/inbox/*/")
    expect(ana.get_by_role("heading", level=1)).to_have_text("Clicked Court needs a person")
    expect_unread(ana, before)
