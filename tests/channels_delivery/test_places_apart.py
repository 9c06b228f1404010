"""Places of people's own, and what else there is: the host's addresses, channels' limits, teams, silences, exports."""

import json
from datetime import timedelta

import pytest

from channels_delivery.models import Channel, Endpoint
from channels_delivery.own import places
from channels_delivery.privacy import export
from channels_delivery.retention import clear_out
from channels_delivery.suppression import suppress
from notifications.kernel.clock import db_now
from notifications.kernel.privacy import Person
from notifications.models import NoticeType, Recipient
from preferences.overview import foretell
from tests.cast import Publish, outcomes, run_named, workflow
from workflows import engine, silences
from workflows.define import send, send_teams, send_webhook
from workflows.matching import Matcher
from workflows.silences import Hush
from workflows.trigger import trigger

from .backends.stage_sms import SmsStage
from .moves import deliveries
from .own import *  # noqa: F403  Bob has an address of the host, and there is a receiver
from .own import MAIL, add, add_and_verify, addresses, code_for, go, told
from .receiver import Receiver
from .webhooks import OLD

pytestmark = pytest.mark.django_db


def test_where_a_channel_does_not_send_is_no_fault_of_a_place(bob: Recipient, sms: SmsStage, publish: Publish) -> None:
    publish(workflow("t.note", send("sms", title="Hello")))
    row = add_and_verify(bob, "sms", "+4915123456789")
    Channel.objects.filter(tenant=bob.tenant_id).update(settings=dict(sms.settings) | {"countries": ["US"]})
    told(bob)
    go()

    row.refresh_from_db()
    ended = deliveries().get(message__notice_key="t.note")
    assert (ended.state, ended.code) == ("failed", "address")
    assert row.disabled_at is None


def test_a_number_that_is_none_turns_the_place_off(bob: Recipient, sms: SmsStage, publish: Publish) -> None:
    publish(workflow("t.note", send("sms", title="Hello")))
    row = add_and_verify(bob, "sms", "+4915123456789")
    sms.stub.says = (400, 21211)
    told(bob)
    go()

    row.refresh_from_db()
    assert row.disabled_because == "address"


def test_a_place_that_was_turned_off_is_not_forgotten_while_it_waits_for_its_code(bob: Recipient) -> None:
    row = add_and_verify(bob)
    old = db_now() - timedelta(days=30)
    Endpoint.objects.filter(tenant=bob.tenant_id).update(created_at=old, disabled_at=db_now())
    places.send_code(bob, row.public_id, now=db_now())

    assert clear_out(now=db_now() + timedelta(hours=23))["unproven"] == 0
    assert clear_out(now=db_now() + timedelta(hours=25))["unproven"] == 1


def test_what_waited_does_not_leave_before_the_new_code_was_said(
    bob: Recipient, receiver: Receiver, publish: Publish
) -> None:
    publish(workflow("t.note", send_teams(title="Hello")))
    row = add_and_verify(bob, "teams", f"{receiver.origin}/flow")
    go()
    told(bob)
    Endpoint.objects.filter(tenant=bob.tenant_id).update(disabled_at=db_now(), disabled_because="failing")
    places.send_code(bob, row.public_id, now=db_now())
    go()

    assert [b"is your code" in one.body for one in receiver.got] == [True, True]
    assert deliveries().get(message__notice_key="t.note").code == "endpoint_off"


@pytest.mark.parametrize(
    ("kind", "field", "of_host", "own"),
    [
        ("sms", "phone", "+49 151 23456789", "+4915123456789"),
        ("email", "email", "bob@münchen.example", "bob@xn--mnchen-3ya.example"),
        ("email", "email", "Bob@Acme.example", "bob@acme.example"),
    ],
)
def test_one_place_in_two_spellings_is_told_once(
    bob: Recipient, sms: SmsStage, publish: Publish, kind: str, field: str, of_host: str, own: str
) -> None:
    Recipient.objects.filter(tenant=bob.tenant, pk=bob.pk).update(**{field: of_host})
    bob.refresh_from_db()
    publish(workflow("t.note", send(kind, title="Hello")))
    add_and_verify(bob, kind, own)
    told(bob)

    assert addresses() == [of_host]


def test_addresses_of_webhooks_differ_by_their_capitals(bob: Recipient, receiver: Receiver, publish: Publish) -> None:
    publish(workflow("t.note", send_webhook(title="Hello")))
    for path in ("AbC", "aBc"):
        add_and_verify(bob, "webhook", f"{receiver.origin}/{path}")
    told(bob)

    assert addresses() == sorted(f"{receiver.origin}/{path}" for path in ("AbC", "aBc"))


def test_a_personal_webhook_gets_the_words_and_a_teams_the_payload_too(
    bob: Recipient, receiver: Receiver, publish: Publish
) -> None:
    """What a run was triggered with may hold what nobody wrote for people."""
    publish(workflow("t.note", send_webhook(title="Hello {{ payload.name }}")))
    settings, secrets = {"url": f"{receiver.origin}/team"}, {"signing": [OLD]}
    Channel.objects.create(
        tenant=bob.tenant, kind="webhook", name="team", settings=settings, secrets=secrets, workflows=["t.note"]
    )
    add_and_verify(bob, "webhook", f"{receiver.origin}/mine")
    trigger("t.note", payload={"name": "Ann", "salary": 7}, tenant=bob.tenant, recipients=[bob])
    engine.drain()
    go()

    got = {one.path: json.loads(one.body)["data"] for one in receiver.got if b"Hello" in one.body}
    titles = {path: data["notice"]["title"] for path, data in got.items()}
    assert titles == dict.fromkeys(("/mine", "/team"), "Hello Ann")
    assert (got["/mine"]["payload"], got["/team"]["payload"]) == ({}, {"name": "Ann", "salary": 7})


def test_a_silence_of_what_they_do_not_have_is_no_news_to_them(
    alice: Recipient, bob: Recipient, publish: Publish
) -> None:
    publish(workflow("t.note", send_teams(title="Hello")))
    add_and_verify(alice, "teams", "https://prod.example.com/flow")
    hush = Hush("Night", Matcher(workflows=["t.note"]), reason="x", ends_at=db_now() + timedelta(hours=1))
    silences.create(bob.tenant, hush, now=db_now())
    told(alice, bob)

    assert outcomes(run_named("of-t.note"), final=False)["silenced"] == {alice.pk}


def test_what_would_become_of_a_workflow_knows_of_their_places(bob: Recipient) -> None:
    NoticeType.objects.create(key="t.note", name="Note", kinds=["email"])
    Recipient.objects.filter(tenant=bob.tenant, pk=bob.pk).update(email="")
    bob.refresh_from_db()

    def foretold() -> list[str]:
        return [type(one.decision).__name__ for one in foretell(bob, "t.note", now=db_now()) or ()]

    assert foretold() == ["Skip"]
    add_and_verify(bob)
    assert foretold() == ["Send"]
    suppress("email", [MAIL], tenant_id=bob.tenant_id, now=db_now())
    assert foretold() == ["Skip"]


def test_a_code_is_in_no_export(bob: Recipient) -> None:
    row = add(bob)
    found = export(Person(bob.tenant_id, (bob.pk,)))

    assert code_for(row) not in json.dumps(found, default=str)
    assert MAIL in json.dumps(found, default=str)
