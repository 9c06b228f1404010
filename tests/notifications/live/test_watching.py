"""A run that is watched: a word whenever it moves, to whoever may see it and to nobody else."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import override_settings

from notifications.live import line
from notifications.models import Recipient, Role, Tenant
from tests.cast import Publish, crowd, drop, member, wake_everybody, workflow
from tests.notifications.live.browser import Browser
from tests.notifications.live.conftest import Server
from workflows import engine, retract
from workflows.define import delay, send_inbox
from workflows.trigger import Trigger, trigger, trigger_many

WAITS = workflow("t.waits", send_inbox(title="First"), delay(days=1), send_inbox(title="Second"))

real = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def watching(tab: Browser, run: str, **more: Any) -> Browser:
    """The tab, watching this run; the first word has been heard."""
    tab.say(type="watch", watch={"run": run}, **more)
    assert tab.frame() == {"type": "changed", "watch": {"run": run}}
    return tab


def words(tab: Browser) -> int:
    """How often it has heard that something it watches changed, up to now."""
    tab.say(type="ping")
    found = []
    while (frame := tab.frame())["type"] != "pong":
        found.append(frame["type"])
    return found.count("changed")


class TestTheWord:
    pytestmark = real

    def test_it_comes_when_a_run_is_resolved_steps_wakes_and_ends(
        self, alice: Recipient, bob: Recipient, publish: Publish, browser: type[Browser]
    ) -> None:
        publish(WAITS)
        run = trigger("t.waits", tenant=alice.tenant, recipients=[bob], transaction_id="t-1")
        tab = watching(browser(alice), run.transaction_id)

        engine.drain()
        assert words(tab) >= 2
        wake_everybody()
        engine.drain()

        assert words(tab) >= 1

    def test_it_comes_when_a_run_is_cancelled_and_taken_back(
        self, alice: Recipient, bob: Recipient, hello: None, browser: type[Browser]
    ) -> None:
        run = trigger("hello", tenant=alice.tenant, recipients=[bob])
        engine.drain()
        tab = watching(browser(alice), run.transaction_id)

        retract.cancel(run.transaction_id, tenant=alice.tenant)
        assert tab.frame()["type"] == "changed"
        engine.drain()

        assert tab.frame()["type"] == "changed"

    def test_it_comes_with_a_heartbeat_because_one_may_be_lost(
        self, alice: Recipient, hello: None, server: Server, browser: type[Browser]
    ) -> None:
        tab = watching(browser(alice), trigger("hello", tenant=alice.tenant).transaction_id)

        server.on_loop("beat")

        assert {tab.frame()["type"], tab.frame()["type"]} == {"changed", "heartbeat"}

    def test_it_does_not_come_any_more_once_nobody_watches(
        self, alice: Recipient, bob: Recipient, hello: None, browser: type[Browser], server: Server
    ) -> None:
        run = trigger("hello", tenant=alice.tenant, recipients=[bob])
        tab = watching(browser(alice), run.transaction_id)

        tab.say(type="unwatch", watch={"run": run.transaction_id})
        assert tab.quiet()
        engine.drain()

        assert tab.quiet()
        assert not server.hub.watchers

    def test_a_socket_that_is_gone_watches_nothing(
        self, alice: Recipient, hello: None, browser: type[Browser], server: Server
    ) -> None:
        tab = watching(browser(alice), trigger("hello", tenant=alice.tenant).transaction_id)

        tab.close()

        assert browser(alice).quiet()
        assert not server.hub.watchers

    def test_who_asks_again_hears_a_first_word_again_and_each_further_one_once(
        self, alice: Recipient, hello: None, browser: type[Browser]
    ) -> None:
        run = trigger("hello", tenant=alice.tenant)
        tab = browser(alice)

        for _ in range(2):
            watching(tab, run.transaction_id)
        retract.cancel(run.transaction_id, tenant=alice.tenant)

        assert words(tab) == 1

    def test_no_more_than_twenty_are_watched_at_once(
        self, alice: Recipient, hello: None, browser: type[Browser], server: Server
    ) -> None:
        run = trigger("hello", tenant=alice.tenant)
        tab = browser(alice)
        (socket,) = server.hub.sockets[alice.pk]
        socket.watching.update({(alice.tenant_id, "run", str(number)): str(number) for number in range(20)})

        tab.say(type="watch", watch={"run": run.transaction_id})

        assert "At most 20" in tab.frame()["detail"]


class TestWhoMay:
    pytestmark = real

    @pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN])
    def test_who_runs_the_tenant(self, acme: Tenant, hello: None, browser: type[Browser], role: str) -> None:
        run = trigger("hello", tenant=acme, recipients=[{"everyone": True}])

        watching(browser(member(acme, "carol", role=role)), run.transaction_id)

    def test_a_member_may_not(self, bob: Recipient, hello: None, browser: type[Browser]) -> None:
        assert refused(browser(bob), trigger("hello", tenant=bob.tenant).transaction_id)

    @override_settings(NOTIFYHUB_DEMO=True)
    def test_in_a_demo_a_member_may(self, bob: Recipient, hello: None, browser: type[Browser]) -> None:
        watching(browser(bob), trigger("hello", tenant=bob.tenant).transaction_id)

    def test_the_sites_staff_may_within_their_tenant(self, bob: Recipient, hello: None, browser: type[Browser]) -> None:
        assert bob.user is not None
        bob.user.is_staff = True
        bob.user.save()

        watching(browser(bob), trigger("hello", tenant=bob.tenant).transaction_id)

    @override_settings(NOTIFYHUB_DEMO=True)
    def test_another_tenants_run_is_none_even_in_a_demo(
        self, alice: Recipient, mallory: Recipient, hello: None, browser: type[Browser]
    ) -> None:
        run = trigger("hello", tenant=alice.tenant)
        tab = browser(mallory)

        assert refused(tab, run.transaction_id)
        tab.say(type="watch", watch={"run": run.transaction_id}, tenant=alice.tenant.slug)
        assert tab.frame()["detail"] == "You are not in that tenant."
        engine.drain()

        assert tab.quiet()

    def test_equal_names_of_two_tenants_are_two_runs(
        self, alice: Recipient, mallory: Recipient, hello: None, browser: type[Browser]
    ) -> None:
        for one in (alice, mallory):
            trigger("hello", tenant=one.tenant, recipients=[{"everyone": True}], transaction_id="same")
        hers, others = watching(browser(alice), "same"), watching(browser(mallory), "same")
        engine.drain()
        assert [words(hers) > 0, words(others) > 0] == [True, True]

        retract.cancel("same", tenant=alice.tenant)

        assert (words(hers), words(others)) == (1, 0)

    def test_of_a_user_of_two_tenants_each_run_is_watched_in_its_own(
        self, alice: Recipient, globex: Tenant, hello: None, browser: type[Browser]
    ) -> None:
        Recipient.objects.create(tenant=globex, user=alice.user, external_id="a", role=Role.ADMIN)
        run = trigger("hello", tenant=globex)
        tab = browser(alice)

        assert refused(tab, run.transaction_id)
        watching(tab, run.transaction_id, tenant=globex.slug)


def refused(tab: Browser, run: str) -> bool:
    tab.say(type="watch", watch={"run": run})
    return bool(
        tab.frame() == {"type": "error", "for": "watch", "code": "invalid", "detail": "There is no such object."}
    )


@pytest.fixture
def sent() -> Iterator[list[line.Message]]:
    """What goes over the line of this process."""
    messages: list[line.Message] = []
    line.listen(messages.append)
    yield messages
    line.unlisten(messages.append)


@pytest.mark.django_db(transaction=True)
class TestTheCost:
    def test_a_thousand_small_runs_are_named_in_the_hint_of_their_step(
        self, acme: Tenant, hello: None, sent: list[line.Message]
    ) -> None:
        people = crowd(acme, 1_000)
        trigger_many([Trigger("hello", recipients=[one]) for one in people], tenant=acme)
        assert sent == []

        engine.drain()

        assert [(len(one["people"]), len(one["objects"])) for one in sent] == [(1_000, 1_000)]

    def test_a_large_run_is_one_name_a_step(self, acme: Tenant, hello: None, sent: list[line.Message]) -> None:
        crowd(acme, 2_500)
        trigger("hello", tenant=acme, recipients=[{"everyone": True}])

        engine.drain()

        assert {len(one["objects"]) for one in sent} == {1}
        assert sum(len(one["people"]) for one in sent) == 2_500

    def test_what_is_nobodys_run_names_nothing(self, alice: Recipient, sent: list[line.Message]) -> None:
        drop(alice, "From somewhere else")

        assert [one["objects"] for one in sent] == [[]]
