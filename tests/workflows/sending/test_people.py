"""Telling people outside: each at their own address, as they want it, with words rendered once where they can be."""

from datetime import timedelta
from typing import Any

import pytest

from channels_delivery.endpoints import pretend
from channels_delivery.models import Delivery, Lane, Message, Suppression
from channels_delivery.suppression import suppress
from notifications import inbox
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from preferences.models import Choice
from tests.cast import Publish, crowd, outcomes, statements, wake_everybody, workflow
from workflows import runs
from workflows.define import delay, send, send_email, send_inbox
from workflows.models import Status

from .moves import PLAIN, channel, reachable, start, to_people, to_teams, walked, words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scripted")]


def test_everybody_gets_one_message_at_their_address(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", PLAIN))
    people = reachable(acme, 25)

    run = walked(start(acme, *people, payload={"name": "Ada"}))

    assert run.status == Status.SENT
    assert to_people(run) == {one.pk: one.email for one in people}
    assert words(run) == {"Hello Ada": 25}
    assert Message.objects.filter(tenant=acme).count() == 1
    assert outcomes(run, final=False) == {}


def test_who_has_no_address_is_skipped_with_the_reason(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", PLAIN))
    has, has_none = *reachable(acme, 1), *crowd(acme, 1, prefix="q")

    run = walked(start(acme, has, has_none))

    assert set(to_people(run)) == {has.pk}
    assert runs.progress(run).skipped == {("scripted", "no_address"): 1}
    assert [(one.told, one.reason) for one in runs.people(run)] == [(True, ""), (False, "no_address")]


def test_a_suppressed_address_comes_before_every_choice_and_costs_one_statement(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", PLAIN, critical=True))
    declines, wants = reachable(acme, 2)
    Choice.objects.create(tenant=acme, recipient=declines, kind="scripted", wanted=False)
    suppress("scripted", [declines.email.upper()], tenant_id=acme.pk, now=db_now())

    run = start(acme, declines, wants)
    with statements() as found:
        walked(run)

    assert set(to_people(run)) == {wants.pk}
    assert runs.progress(run).skipped == {("scripted", "suppressed"): 1}
    assert len([one for one in found if Suppression._meta.db_table in one]) == 1


def test_who_has_another_place_gets_it_there(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", send_email(title="x")))
    (person,) = reachable(acme, 1)
    pretend([(person.pk, "email", "")], tenant_id=acme.pk, now=db_now())
    suppress("email", [person.email], tenant_id=acme.pk, now=db_now())

    run = walked(start(acme, person))

    assert runs.progress(run).skipped == {}
    assert Delivery.objects.filter(tenant=acme, recipient=person).count() == 2  # the last look keeps one back


def test_a_choice_counts_for_its_channel_alone(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", send_inbox(title="Inside"), PLAIN))
    wants, declines = reachable(acme, 2)
    Choice.objects.create(tenant=acme, recipient=declines, kind="scripted", wanted=False)

    run = walked(start(acme, wants, declines))

    assert set(to_people(run)) == {wants.pk}
    assert runs.progress(run).skipped == {("scripted", "off_by_channel"): 1}
    assert inbox.unread_count(declines).count == 1


def test_people_whom_the_text_tells_apart_get_messages_of_their_own(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", send("scripted", title="Team {{ recipient.attributes.team }}")))
    people = reachable(acme, 6)
    Recipient.objects.filter(tenant=acme, pk__in=[one.pk for one in people[:4]]).update(attributes={"team": "red"})

    run = walked(start(acme, *people))

    assert words(run) == {"Team red": 4, "Team": 2}
    assert Message.objects.filter(tenant=acme).count() == 2


def test_a_template_that_fails_costs_its_words_and_not_the_message(acme: Tenant, publish: Publish) -> None:
    bomb = "{% for x in (1..1000000) %}x{% endfor %}"
    publish(workflow("t", send("scripted", title=bomb), name="The bomb"))

    run = walked(start(acme, *reachable(acme, 2)))

    assert words(run) == {"The bomb": 2}
    assert runs.progress(run).skipped == {("scripted", "template_failed"): 2}


def test_a_kind_has_texts_of_its_own_and_a_payload_is_no_markup_in_them(acme: Tenant, publish: Publish) -> None:
    named = "{{ payload.who.names[0] }} & {{ recipient.name }}"
    publish(workflow("t", send("scripted", title="{{ payload.who.names[0] }}", note=named, html=f"<b>{named}</b>")))
    (person,) = reachable(acme, 1)
    Recipient.objects.filter(tenant=acme, pk=person.pk).update(name="<u>Ann</u>")

    walked(start(acme, person, payload={"who": {"names": ["<i>Bo</i>"]}}))

    assert Message.objects.get(tenant=acme).parts == {
        "title": "<i>Bo</i>",
        "body": "",
        "note": "<i>Bo</i> & <u>Ann</u>",
        "html": "<b>&lt;i&gt;Bo&lt;/i&gt; & &lt;u&gt;Ann&lt;/u&gt;</b>",
    }


@pytest.mark.parametrize(
    ("of_channel", "paused", "own"),
    [
        ({"host": "a"}, False, True),
        ({"host": "a"}, True, False),
        ({"to": ["#ops"]}, False, False),
        (None, False, False),
    ],
)
def test_it_goes_by_the_tenants_own_way_if_there_is_one_and_else_by_the_sites(
    acme: Tenant, globex: Tenant, publish: Publish, of_channel: Any, paused: bool, own: bool
) -> None:
    publish(workflow("t", PLAIN))
    channel(globex, settings={"host": "theirs"})
    mine = of_channel and channel(acme, settings=of_channel, told_of="", paused_at=db_now() if paused else None)
    if own:
        channel(acme, settings=of_channel, name="a younger one")

    run = walked(start(acme, *reachable(acme, 2)))

    expected = mine.pk if own else None
    assert {one.channel_id for one in Delivery.objects.filter(tenant=acme, origin=run.public_id)} == {expected}


def test_what_is_critical_goes_first(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", PLAIN, critical=True))
    publish(workflow("u", PLAIN))
    people = reachable(acme, 1)

    for key in ("t", "u"):
        walked(start(acme, *people, key=key))

    lanes = Lane.objects.filter(tenant=acme).order_by("pk")
    assert list(lanes.values_list("key", "urgency")) == [("scripted:site", 0), ("scripted:site", 1)]


def test_it_expires_when_the_step_says_so(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", send("scripted", title="Soon", expires_after=timedelta(hours=1))))

    run = walked(start(acme, *reachable(acme, 1)))

    one = Delivery.objects.get(tenant=acme, origin=run.public_id)
    assert one.expires_at == one.created_at + timedelta(hours=1)


class TestSkipIfRead:
    STEPS = (send_inbox(title="Inside"), delay(hours=1), send("scripted", title="Still unread", skip_if_read=True))

    def told(self, tenant: Tenant, people: list[Recipient]) -> Any:
        run = walked(start(tenant, *people))
        return run, {entry.id for entry in inbox.list_items(people[0]).entries}

    def test_who_has_dealt_with_the_item_is_left_alone(self, acme: Tenant, publish: Publish) -> None:
        publish(workflow("t", *self.STEPS))
        unread, reads, reads_all, archives, deletes, reads_and_unreads = people = reachable(acme, 6)
        run, items = self.told(acme, people)
        inbox.mark_read(reads, list(items), now=db_now())
        inbox.read_all(reads_all)
        inbox.archive(archives, list(items))
        inbox.delete(deletes, list(items))
        inbox.read_all(reads_and_unreads)
        inbox.mark_unread(reads_and_unreads, list(items))

        wake_everybody()
        walked(run)

        assert set(to_people(run)) == {unread.pk, reads_and_unreads.pk}
        assert outcomes(run, final=False)["read"] == {one.pk for one in (reads, reads_all, archives, deletes)}

    def test_the_item_of_another_run_does_not_count(self, acme: Tenant, publish: Publish) -> None:
        publish(workflow("t", *self.STEPS))
        (person,) = people = reachable(acme, 1)
        self.told(acme, people)
        inbox.read_all(person)
        second, _ = self.told(acme, people)

        wake_everybody()

        assert set(to_people(walked(second))) == {person.pk}


def test_a_channel_that_is_for_teams_alone_passes_people_over(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", send("webhook", title="Teams")))
    people = reachable(acme, 3)

    run = walked(start(acme, *people))

    assert (to_people(run), to_teams(run)) == ({}, [])
    assert runs.progress(run).skipped == {}
    assert outcomes(run, final=True) == {"done": {0, *(one.pk for one in people)}}


def test_a_kind_whose_package_is_gone_is_noted_and_harms_nobody(acme: Tenant, publish: Publish, settings: Any) -> None:
    publish(workflow("t", PLAIN, send_inbox(title="Inside")))
    (person,) = people = reachable(acme, 1)
    run = start(acme, *people)
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": {}}

    walked(run)

    assert outcomes(run) == {"unknown_channel": {person.pk}, "done": {person.pk}}
    assert inbox.unread_count(person).count == 1
