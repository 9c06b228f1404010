"""A dry run and an explanation of the future know what throttles have counted, and which digest windows are open."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from tests.cast import Publish, crowd, statements, workflow
from workflows import engine
from workflows.define import delay, digest, send_inbox, throttle
from workflows.explain import explain_future
from workflows.models import Throttle, Window
from workflows.trigger import DryRun, Trigger, dry_run, trigger

pytestmark = pytest.mark.django_db
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
X = send_inbox(title="x")


def happened(tenant: Tenant, *people: Recipient, **payload: Any) -> None:
    trigger("t", tenant=tenant, recipients=people, payload=payload)
    engine.drain()


def asked(tenant: Tenant, *people: Recipient, at: datetime | None = None, **payload: Any) -> DryRun:
    return dry_run(Trigger("t", payload, list(people), at=at), tenant=tenant)


class TestThrottle:
    def test_who_had_enough_ends_there(self, acme: Tenant, alice: Recipient, bob: Recipient, publish: Publish) -> None:
        publish(workflow("t", throttle(2, within=HOUR), X))
        for people in ([alice, bob], [alice]):
            happened(acme, *people)

        assert [send.people for send in asked(acme, alice, bob).sends] == [1]
        assert explain_future("t", alice).texts == ["Would end here: Had got enough of this for the time being."]
        assert explain_future("t", bob).told

    def test_or_goes_the_other_way(self, acme: Tenant, alice: Recipient, publish: Publish) -> None:
        publish(workflow("t", throttle(1, within=HOUR, then=[X], otherwise=[delay(hours=1), X])))
        happened(acme, alice)

        assert [(send.step, send.people) for send in asked(acme, alice).sends] == [("0.else.1", 1)]
        assert explain_future("t", alice).codes[:2] == ["throttled", "would_wait"]

    def test_each_value_is_counted_by_itself_and_so_is_the_next_while(
        self, acme: Tenant, alice: Recipient, publish: Publish
    ) -> None:
        publish(workflow("t", throttle(1, within=HOUR, key="payload.n"), X))
        happened(acme, alice, n=1)

        found = [asked(acme, alice, n=1), asked(acme, alice, n=2), asked(acme, alice, at=db_now() + 2 * HOUR, n=1)]

        assert [one.messages for one in found] == [0, 1, 1]

    def test_nothing_is_counted_by_asking(self, acme: Tenant, alice: Recipient, publish: Publish) -> None:
        publish(workflow("t", throttle(1, within=HOUR), X))

        assert [asked(acme, alice).messages, asked(acme, alice).messages] == [1, 1]
        assert explain_future("t", alice).told
        assert not Throttle.objects.filter(tenant=acme).exists()


class TestDigest:
    def closes(self, length: timedelta) -> datetime:
        at = db_now() + length
        Window.objects.across_tenants().update(closes_at=at)
        return at

    def test_it_is_told_when_the_window_that_is_open_closes(
        self, acme: Tenant, alice: Recipient, bob: Recipient, publish: Publish
    ) -> None:
        publish(workflow("t", digest(hours=1), X))
        happened(acme, alice)
        at = self.closes(MINUTE)

        found = asked(acme, alice, bob)

        assert [send.people for send in found.sends] == [1, 1]
        assert found.sends[0].at == at
        assert found.sends[1].at > at + 50 * MINUTE
        assert explain_future("t", alice).sentences[0].until == at

    def test_one_that_is_over_by_then_is_another(self, acme: Tenant, alice: Recipient, publish: Publish) -> None:
        publish(workflow("t", digest(hours=1), X))
        happened(acme, alice)
        at = self.closes(MINUTE) + MINUTE

        assert [send.at for send in asked(acme, alice, at=at).sends] == [at + HOUR]

    def test_one_that_slides_is_moved_on_as_far_as_it_may_be(
        self, acme: Tenant, alice: Recipient, publish: Publish
    ) -> None:
        publish(workflow("t", digest(minutes=10, slides_up_to=HOUR), X))
        happened(acme, alice)
        latest = self.closes(MINUTE) + 2 * MINUTE
        assert asked(acme, alice).sends[0].at > latest

        Window.objects.across_tenants().update(latest_at=latest)

        assert asked(acme, alice).sends[0].at == latest

    def test_one_that_would_be_full_closes_at_once(self, acme: Tenant, alice: Recipient, publish: Publish) -> None:
        publish(workflow("t", digest(hours=1, most=2), X))
        assert asked(acme, alice).sends[0].at > db_now() + 50 * MINUTE
        happened(acme, alice)

        assert asked(acme, alice).sends[0].at <= db_now()

    def test_the_first_goes_on_by_itself_and_the_next_waits(
        self, acme: Tenant, alice: Recipient, publish: Publish
    ) -> None:
        publish(workflow("t", digest(hours=1, leading=True), X))
        assert asked(acme, alice).sends[0].at <= db_now()
        happened(acme, alice)
        at = self.closes(MINUTE)

        assert [asked(acme, alice).sends[0].at, asked(acme, alice, at=at).sends[0].at] == [at, at]


def test_statements_do_not_grow_with_people(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", throttle(1, within=HOUR, stop=False), digest(hours=1), X))

    found = []
    for people in (crowd(acme, 2), crowd(acme, 900, prefix="q")):
        happened(acme, *people)
        with statements() as said:
            asked(acme, *people)
        found.append(len(said))

    assert found[0] == found[1]
