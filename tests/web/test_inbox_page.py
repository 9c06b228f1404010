"""The inbox as it is shown: days, tabs, filters, pages; and at what cost."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from notifications import inbox
from notifications.content import Action
from notifications.kernel.clock import db_now
from notifications.models import Notification, Recipient, Tab
from notifications.web.clock import ago, day_name
from notifications.web.icons import ICONS
from tests.cast import drop, member
from tests.site.processes import ROOT

from .pages import bell, queries, visitor, words

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def test_an_item_is_shown_with_all_it_has(alice: Recipient) -> None:
    drop(
        alice, "Disk full", body="Only 1 % left.\nClean up.", level="error", actor="Watchdog",
        actions=(Action("Clean up", "https://ops.example/disk"),),
    )  # fmt: skip

    page = visitor(alice).get("/inbox/")

    html = page.content.decode()
    assert "Watchdog · just now Disk full , unread Only 1 % left. Clean up. Clean up" in words(page)
    assert "nh-tone--error nh-item--unread" in html
    assert 'href="https://ops.example/disk" rel="noreferrer"' in html


def test_text_is_text(alice: Recipient) -> None:
    drop(alice, "<script>alert(1)</script>", body='"><img src=x onerror=alert(1)>', actor="<b>Eve</b>")

    html = visitor(alice).get("/inbox/").content.decode()

    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert "<b>Eve" not in html


def test_days_are_those_of_the_persons_calendar(alice: Recipient) -> None:
    Recipient.objects.filter(tenant=alice.tenant, pk=alice.pk).update(zone="Pacific/Kiritimati")
    drop(alice, "Late in the evening")
    late = datetime(2026, 3, 1, 20, 30, tzinfo=UTC)
    Notification.objects.filter(tenant=alice.tenant).update(created_at=late)

    page = visitor(alice).get("/inbox/")

    assert "Monday 2 March" in words(page)
    assert "10:30 (Pacific/Kiritimati)" in page.content.decode()


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "Europe"])
def test_a_zone_that_is_none_does_not_break_the_page(alice: Recipient, zone: str) -> None:
    Recipient.objects.filter(tenant=alice.tenant, pk=alice.pk).update(zone=zone)
    drop(alice, "Hello")

    assert "(UTC)" in visitor(alice).get("/inbox/").content.decode()


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (timedelta(seconds=-3), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 min ago"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=1), "1 h ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(hours=24), "19 Nov, 12:00"),
        (timedelta(days=400), "16 Oct 2025"),
    ],
)
def test_time_is_said_as_people_say_it(passed: timedelta, said: str) -> None:
    assert ago(NOW - passed, zone=UTC, now=NOW) == said


@pytest.mark.parametrize(
    ("days", "said"), [(0, "Today"), (1, "Yesterday"), (2, "Wednesday 18 November"), (365, "Thursday 20 November 2025")]
)
def test_a_day_is_named_as_people_name_it(days: int, said: str) -> None:
    assert day_name(NOW.date() - timedelta(days=days), today=NOW.date()) == said


def test_tabs_say_how_many_are_unread_in_them(alice: Recipient) -> None:
    drop(alice, "A review", tab=Tab.REVIEWS)
    drop(alice, "Another", tab=Tab.REVIEWS)
    drop(alice, "Done", tab=Tab.COMPLETED)

    text = words(visitor(alice).get("/inbox/"))

    assert "All 3 unread General Workflows Reviews 2 unread Completed 1 unread Errors" in text


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"Old review", "Error"}),
        ("?tab=reviews", {"Old review"}),
        ("?tab=errors", {"Error"}),
        ("?tab=completed", set()),
        ("?show=unread", {"Error"}),
        ("?show=archived", {"Put away"}),
        ("?tab=reviews&show=unread", set()),
        ("?q=REVIEW", {"Old review"}),
        ("?q=%00", {"Old review", "Error"}),
        ("?tab=nonsense&show=nonsense", {"Old review", "Error"}),
    ],
)
def test_filters_choose_what_is_listed(alice: Recipient, query: str, shown: set[str]) -> None:
    review = drop(alice, "Old review", tab=Tab.REVIEWS)
    inbox.mark_read(alice, [review], now=db_now())
    drop(alice, "Error", tab=Tab.ERRORS)
    inbox.archive(alice, [drop(alice, "Put away")])

    html = visitor(alice).get(f"/inbox/{query}").content.decode()

    assert set(re.findall(r'id="open-[^>]*>([^<]+)<', html)) == shown


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "Your inbox is empty"),
        ("?show=unread", "You are all caught up"),
        ("?show=archived", "Nothing in the archive"),
        ("?tab=errors", "Nothing in this tab"),
        ("?q=needle", "Nothing with “needle” here"),
    ],
)
def test_an_empty_list_says_why(alice: Recipient, query: str, said: str) -> None:
    assert said in words(visitor(alice).get(f"/inbox/{query}"))


def test_pages_lead_there_and_back_and_keep_the_filters(alice: Recipient) -> None:
    for number in range(45):
        drop(alice, f"Note {number:02}", tab=Tab.REVIEWS)
    hers = visitor(alice)

    def listed(path: str) -> tuple[list[str], str]:
        html = hers.get(path, follow=True).content.decode()
        return re.findall(r">(Note \d\d)<span", html.split('class="nh-inbox__list"')[1]), html

    def link(html: str, rel: str) -> str:
        found = re.search(rf'rel="{rel}" href="([^"]+)"', html)
        return found[1].replace("&amp;", "&") if found else ""

    first, html = listed("/inbox/?tab=reviews")
    second, html2 = listed(link(html, "next"))
    third, html3 = listed(link(html2, "next"))
    back, _ = listed(link(html3, "prev"))
    top, _ = listed(link(listed(link(html3, "prev"))[1], "prev"))

    assert first + second + third == [f"Note {n:02}" for n in range(44, -1, -1)]
    assert (back, top) == (second, first)
    assert link(html, "prev") == ""
    assert link(html3, "next") == ""
    assert "tab=reviews" in link(html2, "next")


def test_a_cursor_that_is_not_ours_leads_to_the_first_page(alice: Recipient) -> None:
    response = visitor(alice).get("/inbox/?tab=errors&cursor=x1")

    assert response.headers["Location"] == "/inbox/?tab=errors"


def test_looking_changes_nothing(alice: Recipient) -> None:
    item, hers = drop(alice, "Hello"), visitor(alice)
    before = inbox.current_cursor(alice)

    for path in ("/inbox/", f"/inbox/{item}/", "/inbox/?show=archived"):
        hers.get(path)

    assert inbox.current_cursor(alice) == before
    assert inbox.unread_count(alice).count == 1


@pytest.mark.parametrize("size", [1, 60])
def test_a_page_costs_the_same_however_much_there_is(alice: Recipient, size: int) -> None:
    for number in range(size):
        drop(alice, f"Note {number}")
    hers = visitor(alice)
    hers.get("/inbox/")

    asked = queries(lambda: hers.get("/inbox/"))

    assert len(asked) == 7, "\n".join(asked)


def test_the_bell_says_ninety_nine_and_more(alice: Recipient) -> None:
    for number in range(100):
        drop(alice, f"Note {number}")

    page = visitor(alice).get("/inbox/")

    assert bell(page) == "Notifications, 99+ unread"
    assert "(99+) Inbox" in words(page)


def test_the_bell_falls_when_something_is_read(alice: Recipient, bob: Recipient) -> None:
    item = drop(alice, "One")
    drop(alice, "Two")
    hers = visitor(alice)

    before = bell(hers.get("/inbox/"))
    after = bell(hers.post(f"/inbox/{item}/read/", follow=True))

    assert (before, after) == ("Notifications, 2 unread", "Notifications, 1 unread")
    assert bell(visitor(bob).get("/inbox/")) == "Notifications, none unread"


def test_nobody_keeps_a_copy_of_an_inbox(alice: Recipient) -> None:
    assert "no-store" in visitor(alice).get("/inbox/").headers["Cache-Control"]


def test_the_sprite_has_every_drawing_and_no_other() -> None:
    sprite = (ROOT / "notifications/static/notifyhub/icons.svg").read_text()

    assert set(re.findall(r'symbol id="([^"]+)"', sprite)) == ICONS


@pytest.mark.parametrize(("icon", "drawn"), [("review", "review"), ("no-such-thing", "warning"), ("", "warning")])
def test_an_item_without_a_drawing_of_its_own_gets_that_of_its_level(alice: Recipient, icon: str, drawn: str) -> None:
    drop(alice, "Hello", icon=icon, level="warning")

    html = visitor(alice).get("/inbox/").content.decode()

    assert f"icons.svg#{drawn}" in html


def test_right_to_left_languages_turn_the_page(alice: Recipient, settings: Settings) -> None:
    settings.LANGUAGES = [("en", "English"), ("ar", "Arabic")]

    html = visitor(alice).get("/inbox/", headers={"accept-language": "ar"}).content.decode()

    assert 'dir="rtl"' in html.split("<head>")[0]


def test_only_staff_are_shown_the_way_to_the_admin(alice: Recipient) -> None:
    carol = member(alice.tenant, "carol")

    assert "Admin" not in words(visitor(carol).get("/inbox/"))
