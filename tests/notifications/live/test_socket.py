"""What comes over a socket: news in order and once, to all tabs, and nothing of anybody else's."""

import pytest
from django.db import transaction

from notifications import inbox, toast
from notifications.content import Action, Content
from notifications.kernel.clock import db_now
from notifications.live import line
from notifications.models import Notification, Recipient, Tenant
from tests.cast import crowd, drop, member, rolled_back, topic
from tests.notifications.live.browser import Browser
from tests.notifications.live.conftest import Server

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_the_first_frame_says_where_the_inbox_stands(alice: Recipient, browser: type[Browser]) -> None:
    drop(alice, "One")

    tab = browser(alice)

    assert (tab.hello["type"], tab.hello["tenant"]) == ("hello", alice.tenant.slug)
    assert tab.hello["cursor"] == inbox.current_cursor(alice)
    assert tab.hello["unread"]["count"] == 1


def test_a_new_item_comes_to_every_tab(alice: Recipient, browser: type[Browser]) -> None:
    tabs = [browser(alice), browser(alice)]

    item = drop(alice, "Ship it", body="Today", level="success")

    for tab in tabs:
        frame = tab.until("item")
        assert (frame["item"]["id"], frame["item"]["title"], frame["item"]["read"]) == (str(item), "Ship it", False)
        assert (frame["after"], frame["cursor"]) == (tab.hello["cursor"], inbox.current_cursor(alice))


def test_an_item_in_a_frame_is_as_the_api_has_it(alice: Recipient, browser: type[Browser]) -> None:
    tab = browser(alice)

    drop(alice, "All of it", body="B", url="/x/", actions=(Action("Go", "/go/"),), thread="t", actor="Bob")

    assert tab.until("item")["item"] == inbox.list_items(alice).entries[0].to_json()


def test_what_rolls_back_is_never_shown(alice: Recipient, browser: type[Browser]) -> None:
    tab = browser(alice)

    with transaction.atomic():
        drop(alice, "Never")
        transaction.set_rollback(True)
    drop(alice, "Really")

    assert tab.frame()["item"]["title"] == "Really"


def test_several_items_come_in_order_each_from_where_the_last_one_led(alice: Recipient, browser: type[Browser]) -> None:
    tab = browser(alice)

    with transaction.atomic():
        for number in range(5):
            drop(alice, f"No. {number}")
    frames = [tab.frame() for _ in range(5)]

    assert [frame["item"]["title"] for frame in frames] == [f"No. {number}" for number in range(5)]
    assert [frame["after"] for frame in frames[1:]] == [frame["cursor"] for frame in frames[:-1]]


def test_reading_in_one_tab_shows_in_the_other_with_the_number(alice: Recipient, browser: type[Browser]) -> None:
    item = drop(alice, "Read me")
    drop(alice, "Another")
    here, there = browser(alice), browser(alice)

    here.say(type="read", ids=[str(item)])

    frame = there.until("update")
    assert (frame["item"]["id"], frame["item"]["read"], frame["unread"]["count"]) == (str(item), True, 1)
    assert here.until("done")["unread"]["count"] == 1


def test_read_all_comes_as_marks(alice: Recipient, browser: type[Browser]) -> None:
    drop(alice, "One")
    tab = browser(alice)

    tab.say(type="read_all")

    frame = tab.until("update")
    assert frame["read_upto"]["general"] == 1
    assert frame["unread"]["count"] == 0


def test_a_client_that_was_away_gets_exactly_what_it_missed(alice: Recipient, browser: type[Browser]) -> None:
    first = drop(alice, "Before")
    cursor = inbox.current_cursor(alice)
    missed = [drop(alice, f"Missed {number}") for number in range(3)]
    inbox.mark_read(alice, [first], now=db_now())

    tab = browser(alice)
    tab.say(type="resume", cursor=cursor)
    frames = [tab.frame() for _ in range(5)]

    assert [frame["item"]["id"] for frame in frames[:4]] == [*map(str, missed), str(first)]
    assert frames[4] == {
        "type": "resumed",
        "tenant": alice.tenant.slug,
        "cursor": inbox.current_cursor(alice),
        "unread": inbox.unread_count(alice).to_json(),
    }
    drop(alice, "After")
    assert tab.frame()["after"] == frames[4]["cursor"]


@pytest.mark.parametrize("cursor", ["1.1", "999999.999999"])
def test_a_cursor_of_another_history_means_resync(alice: Recipient, browser: type[Browser], cursor: str) -> None:
    drop(alice, "One")
    tab = browser(alice)

    tab.say(type="resume", cursor=cursor)

    assert tab.frame()["type"] == "resync"
    assert tab.frame()["cursor"] == inbox.current_cursor(alice)


def test_a_restored_backup_means_resync(alice: Recipient, browser: type[Browser], server: Server) -> None:
    drop(alice, "One")
    tab = browser(alice)

    inbox.new_epoch()
    server.on_loop("beat")

    assert tab.until("resync")["cursor"] == inbox.current_cursor(alice)


def test_a_lost_hint_is_found_by_the_heartbeat(alice: Recipient, browser: type[Browser], server: Server) -> None:
    tab = browser(alice)
    with transaction.atomic():
        drop(alice, "Nobody rang")
        transaction.get_connection().run_on_commit.clear()

    server.on_loop("beat")

    beat = tab.frame()
    assert (beat["type"], beat["unread"]["count"]) == ("heartbeat", 1)
    assert tab.frame()["item"]["title"] == "Nobody rang"


def test_a_stranger_hears_nothing(alice: Recipient, mallory: Recipient, browser: type[Browser]) -> None:
    hers, others = browser(alice), browser(mallory)

    drop(alice, "Secret")
    toast.info(alice, "Secret")

    assert {hers.frame()["type"], hers.frame()["type"]} == {"item", "toast"}
    assert others.quiet()


def test_one_socket_shows_the_inboxes_of_all_of_ones_tenants(
    alice: Recipient, globex: Tenant, browser: type[Browser]
) -> None:
    there = Recipient.objects.create(tenant=globex, user=alice.user, external_id="alice", name="Alice")
    tab = browser(alice)

    drop(there, "At the other place")

    assert [one["tenant"] for one in tab.hello["inboxes"]] == [alice.tenant.slug, globex.slug]
    frame = tab.until("item")
    assert (frame["tenant"], frame["item"]["title"]) == (globex.slug, "At the other place")


def test_a_thousand_people_are_read_together(
    acme: Tenant, alice: Recipient, server: Server, browser: type[Browser]
) -> None:
    tab = browser(alice)
    everybody = [alice, *crowd(acme, 1_500)]

    inbox.post(
        [inbox.Post(acme.pk, "t.all", Content("To all"), [one.pk for one in everybody])],
        now=db_now(),
    )

    assert tab.until("item")["item"]["title"] == "To all"


def test_one_whose_rows_cannot_be_read_keeps_nobody_waiting(
    alice: Recipient, bob: Recipient, browser: type[Browser]
) -> None:
    browser(alice)
    his = browser(bob)

    with transaction.atomic():
        drop(alice, "Broken")
        Notification.objects.filter(tenant=alice.tenant, title="Broken").update(content=[])
        drop(bob, "News")

    assert his.until("item")["item"]["title"] == "News"


class TestToasts:
    def test_to_a_person(self, alice: Recipient, bob: Recipient, browser: type[Browser]) -> None:
        hers, his = browser(alice), browser(bob)

        toast.success(alice, "Saved", "All of it", action=Action("Look", "/x/"))

        shown = hers.frame()["toast"]
        assert (shown["title"], shown["level"], shown["seconds"]) == ("Saved", "success", 5)
        assert shown["actions"] == [{"label": "Look", "url": "/x/"}]
        assert his.quiet()

    def test_to_those_who_follow_a_topic(self, alice: Recipient, bob: Recipient, browser: type[Browser]) -> None:
        followed = topic(alice.tenant, "builds", bob)
        hers, his = browser(alice), browser(bob)

        toast.error(followed, "Build failed")

        assert his.frame()["toast"]["seconds"] == 8
        assert hers.quiet()

    def test_to_a_tenant(self, alice: Recipient, mallory: Recipient, browser: type[Browser]) -> None:
        hers, others = browser(alice), browser(mallory)

        toast.warning(alice.tenant, "Maintenance at six", seconds=0)

        assert hers.frame()["toast"]["seconds"] == 0
        assert others.quiet()

    def test_not_when_the_transaction_rolls_back(self, alice: Recipient, browser: type[Browser]) -> None:
        tab = browser(alice)

        with transaction.atomic():
            toast.info(alice, "Never")
            transaction.set_rollback(True)

        assert tab.quiet()


def test_the_first_frame_says_who_one_is_in_each_tenant(
    alice: Recipient, globex: Tenant, browser: type[Browser]
) -> None:
    there = Recipient.objects.create(tenant=globex, user=alice.user, external_id="a-7", name="Alice of Globex")

    tab = browser(alice)

    assert [one["person"] for one in tab.hello["inboxes"]] == [
        {"id": str(alice.public_id), "user": "alice", "name": "Alice"},
        {"id": str(there.public_id), "user": "a-7", "name": "Alice of Globex"},
    ]
    assert tab.hello["person"]["user"] == "alice"


def test_what_changes_within_and_after_a_savepoint_is_one_hint(alice: Recipient, bob: Recipient) -> None:
    messages: list[line.Message] = []
    line.listen(messages.append)

    with transaction.atomic():
        with transaction.atomic():
            drop(alice, "Within")
        with rolled_back():
            drop(alice, "Never")
        drop(bob, "After")
    line.unlisten(messages.append)

    assert [one["people"] for one in messages] == [[alice.pk, bob.pk]]


def test_who_is_cut_off_between_changes_of_one_revision_gets_them_again(
    alice: Recipient, browser: type[Browser]
) -> None:
    items = [drop(alice, f"No. {number}") for number in range(3)]
    tab = browser(alice)

    inbox.mark_read(alice, items, now=db_now())
    frames = [tab.frame() for _ in range(3)]

    first, second, last = (frame["cursor"] for frame in frames)
    assert first == second == tab.hello["cursor"]
    assert last == inbox.current_cursor(alice)
    cut_off = browser(alice)
    cut_off.say(type="resume", cursor=second)
    assert {cut_off.frame()["item"]["id"] for _ in range(3)} == set(map(str, items))


def test_who_has_the_same_name_in_another_tenant_is_somebody_else(
    alice: Recipient, globex: Tenant, browser: type[Browser]
) -> None:
    namesake = member(globex, alice.external_id)
    hers, others = browser(alice), browser(namesake)

    drop(alice, "For Alice of Acme")
    hers.until("item")

    others.say(type="resume", cursor="0.0", tenant=alice.tenant.slug, person=str(alice.public_id))
    assert others.frame()["type"] == "error"
    others.say(type="resume", cursor="0.0", person=str(alice.public_id))
    assert others.frame()["type"] == "resumed"
    assert others.quiet()
