"""A dry run's numbers: who would get what, where, and at what hour."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from channels_delivery.suppression import suppress
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from preferences.models import Choice
from tests.cast import Publish, crowd, member, statements, workflow
from tests.workflows.sending.moves import channel
from workflows.define import delay, send_email, send_inbox, send_webhook
from workflows.trigger import DryRun, Trigger, dry_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def nag(publish: Publish) -> None:
    steps = [send_inbox(title="{{ recipient.name }}"), delay(hours=6), send_email(title="Two"), send_webhook(title="T")]
    publish(workflow("nag", *steps))


def asked(tenant: Tenant, *recipients: Any, **given: Any) -> DryRun:
    return dry_run(Trigger("nag", recipients=list(recipients) or [{"everyone": True}], **given), tenant=tenant)


def test_each_send_says_how_many_and_why_not(acme: Tenant, nag: None) -> None:
    some = crowd(acme, 3, email="x@acme.example")
    crowd(acme, 2, prefix="mute")
    Choice.objects.create(tenant=acme, recipient=some[0], kind="email", wanted=False)
    member(acme, "gone", email="gone@acme.example")
    suppress("email", ["gone@acme.example"], tenant_id=acme.pk, now=db_now())
    channel(acme, kind="webhook", told_of="nag", settings={"url": "https://acme.example/hook"})

    found = asked(acme)

    assert (found.people, found.messages, found.estimated) == (6, 9, False)
    inbox, mail, hook = found.sends
    assert (inbox.channel, inbox.step, inbox.people, inbox.skipped) == ("inbox", "0", 6, {})
    assert (mail.people, mail.skipped) == (2, {"no_address": 2, "off_by_channel": 1, "suppressed": 1})
    assert (hook.people, hook.teams) == (0, 1)
    assert mail.at - inbox.at == timedelta(hours=6)


def test_conditions_and_texts_know_who_did_it(acme: Tenant, alice: Recipient, bob: Recipient, publish: Publish) -> None:
    by_bob = {"==": [{"var": "actor.name"}, "Bob"]}
    publish(workflow("nag", send_inbox(title="x", when=by_bob), send_webhook(title="x", when=by_bob)))
    channel(acme, kind="webhook", told_of="nag", settings={"url": "https://acme.example/hook"})

    found = asked(acme, alice, actor=bob)

    assert [(send.people, send.teams) for send in found.sends] == [(1, 0), (0, 1)]
    assert asked(acme, bob, actor=alice).messages == 0


def test_people_are_shown_with_their_own_time(acme: Tenant, nag: None) -> None:
    crowd(acme, 1, zone="Asia/Tokyo", email="t@acme.example")
    at = (db_now() + timedelta(days=3)).replace(hour=14, minute=0, second=0, microsecond=0)

    found = asked(acme, at=at)

    assert found.first[0]["local_time"] == at.astimezone(ZoneInfo("Asia/Tokyo")).isoformat()
    assert found.first[0]["channels"] == ["inbox", "email"]
    assert [dict(send.local_hours) for send in found.sends] == [{23: 1}, {5: 1}, {}]
    assert [send.at_night for send in found.sends] == [1, 1, 0]


@pytest.mark.parametrize("none", ["", "Mars/Olympus"])
def test_the_tenants_zone_is_that_of_people_without_one(acme: Tenant, alice: Recipient, nag: None, none: str) -> None:
    Recipient.objects.filter(tenant=acme, pk=alice.pk).update(zone=none)
    acme.zone = "America/New_York"
    acme.save()

    assert asked(acme).first[0]["zone"] == "America/New_York"


def test_more_than_a_thousand_are_reckoned_from_a_sample(acme: Tenant, nag: None) -> None:
    crowd(acme, 1_200, email="x@acme.example")
    crowd(acme, 800, prefix="mute")

    found = asked(acme)

    assert (found.people, found.estimated) == (2_000, True)
    assert found.sends[0].people == 2_000
    assert 1_000 < found.sends[1].people < 1_400
    assert len(found.first) == 20


def test_statements_do_not_grow_with_people(acme: Tenant, nag: None) -> None:
    def cost() -> int:
        with statements() as found:
            asked(acme)
        return len(found)

    crowd(acme, 3, email="x@acme.example")
    few = cost()
    crowd(acme, 1_100, prefix="q", email="x@acme.example")

    assert cost() <= few + 10


def test_nobody_is_nobody(acme: Tenant, nag: None) -> None:
    found = asked(acme)

    assert (found.people, found.messages, list(found.first)) == (0, 0, [])
