"""Places of people's own: who has proven one is told there too, until it is gone."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from standardwebhooks import Webhook

from channels_delivery import endpoints, routes
from channels_delivery.models import Delivery, Endpoint, Lane, Message
from channels_delivery.own import places
from channels_delivery.retention import clear_out
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from preferences.changing import By, change
from preferences.models import Via
from tests.cast import Publish, crowd, outcomes, run_named, statements, workflow
from workflows import engine
from workflows.define import send, send_email, send_teams, send_webhook
from workflows.explain import explain
from workflows.trigger import trigger

from .backends.stage_sms import SmsStage
from .moves import deliveries, states
from .own import *  # noqa: F403  Bob has an address of the host, and there is a receiver
from .own import HOST, MAIL, add, add_and_verify, addresses, code_for, go, told
from .receiver import Receiver

pytestmark = pytest.mark.django_db


# -- told there --------------------------------------------------------------------------------------------------------


def test_the_address_of_the_host_is_not_told_twice(bob: Recipient, publish: Publish) -> None:
    publish(workflow("t.note", send_email(title="Hello")))
    add_and_verify(bob, written=HOST.replace("bob", "BOB"))
    told(bob)

    assert addresses() == [HOST]


def test_who_has_no_address_but_their_own_is_told_there(acme: Tenant, publish: Publish) -> None:
    [one] = crowd(acme, 1)
    Recipient.objects.filter(tenant=acme).update(email="")
    one.refresh_from_db()
    publish(workflow("t.note", send_email(title="Hello")))
    add_and_verify(one)
    told(one)

    assert addresses() == [MAIL]


def test_a_text_goes_to_their_own_number_too(bob: Recipient, sms: SmsStage, publish: Publish) -> None:
    publish(workflow("t.note", send("sms", title="Hello")))
    add_and_verify(bob, "sms", "+4915123456789")
    told(bob)
    go()

    assert addresses() == ["+4915123456789"]
    assert sms.stub.requests


def test_their_own_chat_is_told_and_its_address_stands_nowhere(
    bob: Recipient, alice: Recipient, receiver: Receiver, publish: Publish
) -> None:
    publish(workflow("t.note", send_teams(title="Hello")))
    url = f"{receiver.origin}/flow/very-secret-tail"
    row = add(bob, "teams", url)
    code = code_for(row)
    go()
    assert code.encode() in receiver.got[0].body
    places.verify(bob, row.public_id, code, now=db_now())
    told(bob, alice)
    go()

    assert [b"Hello" in one.body for one in receiver.got] == [False, True]
    assert states() == {"delivered": 2}
    with connection.cursor() as cursor:
        for table in (Endpoint, Delivery, Message):
            cursor.execute(f'SELECT * FROM "{table._meta.db_table}"')
            assert url.rpartition("/")[2] not in str(cursor.fetchall())


def test_who_has_added_none_misses_nothing(bob: Recipient, alice: Recipient, publish: Publish) -> None:
    publish(workflow("t.note", send_teams(title="Hello")))
    add_and_verify(alice, "teams", "https://prod.example.com/flow")
    told(bob, alice)
    run = run_named("of-t.note")

    assert all(bob.pk not in people for people in outcomes(run, final=False).values())
    assert any("added a place of their own" in str(one) for one in explain(run, bob).sentences)
    assert [one.recipient_id for one in deliveries().filter(message__notice_key="t.note")] == [alice.pk]


def test_their_own_webhook_is_signed_by_its_own_secret(
    bob: Recipient,
    receiver: Receiver,
    publish: Publish,
) -> None:
    publish(workflow("t.note", send_webhook(title="Hello")))
    added = places.add(bob, "webhook", f"{receiver.origin}/mine", settings={}, now=db_now())
    [secret] = added.issued["signing"]
    go()
    first = receiver.got[0]
    code = Webhook(secret).verify(first.body, dict(first.headers))["data"]["payload"]["code"]
    places.verify(bob, added.endpoint.public_id, code, now=db_now())
    told(bob)
    go()

    assert [one.path for one in receiver.got] == ["/mine", "/mine"]
    assert receiver.got[1].signed_by(secret)
    assert json.loads(receiver.got[1].body)["data"]["notice"]["title"] == "Hello"


def test_what_they_switched_off_does_not_come_there(bob: Recipient, receiver: Receiver, publish: Publish) -> None:
    publish(workflow("t.note", send_teams(title="Hello")))
    add_and_verify(bob, "teams", f"{receiver.origin}/flow")
    change(bob, {"choices": [{"channel": "teams", "wanted": False}]}, by=By("bob", Via.API), now=db_now())
    told(bob)

    assert addresses() == []
    assert outcomes(run_named("of-t.note"), final=False)["off_by_channel"] == {bob.pk}


def test_one_that_fails_holds_up_nobody_elses(bob: Recipient, alice: Recipient, receiver: Receiver) -> None:
    """Each place has its own lane, so its own breaker and pace."""
    rows = [
        add_and_verify(bob, "webhook", f"{receiver.origin}/bad"),
        add_and_verify(alice, "webhook", f"{receiver.origin}/good"),
    ]
    lanes = set(Lane.objects.filter(tenant=bob.tenant_id).values_list("key", flat=True))

    assert {endpoints.lane_of("webhook", row.pk) for row in rows} <= lanes
    assert routes.to_people("webhook", tenant_id=bob.tenant_id).channel is None


def test_places_cost_one_statement_however_many_there_are(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t.few", send_teams(title="Hello")))
    publish(workflow("t.many", send_teams(title="Hello")))
    counts = []
    for key, size in (("t.few", 5), ("t.many", 60)):
        people = crowd(acme, size, prefix=key[-3:])
        Endpoint.objects.bulk_create(
            Endpoint(
                tenant=acme, recipient=one, kind="teams", address=f"hooks/{one.pk}", digest=f"{one.pk}",
                secrets={"url": "https://prod.example.com/x"}, created_at=db_now(), verified_at=db_now(),
            )
            for one in people
        )  # fmt: skip
        trigger(key, tenant=acme, recipients=people)
        with statements() as made:
            engine.drain()
        counts.append(len(made))

    assert len(addresses("t.many")) == 60
    assert counts[0] == counts[1]


# -- off again ---------------------------------------------------------------------------------------------------------


def test_one_that_is_gone_is_turned_off_and_its_owner_hears_of_it(
    bob: Recipient, receiver: Receiver, publish: Publish
) -> None:
    publish(workflow("t.note", send_teams(title="Hello")))
    row = add_and_verify(bob, "teams", f"{receiver.origin}/flow", label="My Teams")
    go()
    receiver.answers["/flow"] = [(410, {})]
    told(bob)
    go()
    engine.drain()

    row.refresh_from_db()
    assert row.disabled_because == "address"
    assert run_named_like("endpoint.disabled") == [bob.pk]
    trigger("t.note", tenant=bob.tenant, recipients=[bob])
    engine.drain()
    assert len(addresses()) == 1


def run_named_like(key: str) -> list[int | None]:
    """Who was mailed by this workflow."""
    return list(deliveries().filter(message__notice_key=key).values_list("recipient_id", flat=True))


def test_five_days_of_failures_turn_one_off(bob: Recipient, receiver: Receiver, publish: Publish) -> None:
    publish(workflow("t.note", send_teams(title="Hello")))
    row = add_and_verify(bob, "teams", f"{receiver.origin}/flow")
    go()
    receiver.answers["/flow"] = [(500, {}), (500, {})]
    told(bob)
    go()
    row.refresh_from_db()
    assert (row.failures, row.disabled_at) == (1, None)
    assert row.failing_since is not None
    week = row.failing_since - timedelta(days=6)
    Endpoint.objects.filter(tenant=bob.tenant_id).update(failures=9, failing_since=week)
    go()

    row.refresh_from_db()
    assert row.disabled_because == "failing"


def test_a_success_wipes_the_slate(bob: Recipient, receiver: Receiver, publish: Publish) -> None:
    publish(workflow("t.note", send_teams(title="Hello")))
    row = add_and_verify(bob, "teams", f"{receiver.origin}/flow")
    Endpoint.objects.filter(tenant=bob.tenant_id).update(failures=9, failing_since=db_now() - timedelta(days=9))
    told(bob)
    go()

    row.refresh_from_db()
    assert (row.failures, row.failing_since, row.disabled_at) == (0, None, None)


def test_the_credentials_of_a_channel_are_not_the_fault_of_a_place(
    bob: Recipient, sms: SmsStage, publish: Publish
) -> None:
    publish(workflow("t.note", send("sms", title="Hello")))
    row = add_and_verify(bob, "sms", "+4915123456789")
    sms.stub.says = (401, 20003)
    told(bob)
    go()

    row.refresh_from_db()
    assert row.disabled_at is None


def test_what_waits_for_a_place_goes_with_it_and_nothing_else(bob: Recipient, publish: Publish) -> None:
    publish(workflow("t.note", send_email(title="Hello")))
    row = add_and_verify(bob)
    told(bob)

    assert endpoints.remove(bob, row.public_id, now=db_now(), devices=False)

    mine = deliveries().filter(message__notice_key="t.note").values_list("address", "state", "code")
    assert sorted(mine) == sorted([(HOST, "pending", ""), (MAIL, "cancelled", "endpoint_removed")])


def test_what_waits_for_one_that_was_turned_off_does_not_leave(
    bob: Recipient, receiver: Receiver, publish: Publish
) -> None:
    publish(workflow("t.note", send_teams(title="Hello")))
    add_and_verify(bob, "teams", f"{receiver.origin}/flow")
    go()
    told(bob)
    Endpoint.objects.filter(tenant=bob.tenant_id).update(disabled_at=db_now(), disabled_because="address")
    go()

    assert len(receiver.got) == 1
    mine = deliveries().filter(message__notice_key="t.note")
    assert list(mine.values_list("state", "code")) == [("cancelled", "endpoint_off")]


def test_one_that_was_turned_off_comes_back_by_a_code(bob: Recipient) -> None:
    row = add_and_verify(bob)
    Endpoint.objects.filter(tenant=bob.tenant_id).update(disabled_at=db_now(), disabled_because="address")
    places.send_code(bob, row.public_id, now=db_now())
    again = places.verify(bob, row.public_id, code_for(row), now=db_now())

    assert (again.disabled_at, again.disabled_because) == (None, "")


def test_what_nobody_proves_is_forgotten_after_a_day(bob: Recipient, alice: Recipient) -> None:
    add(bob)
    add_and_verify(alice)
    day = db_now() - timedelta(days=2)
    Endpoint.objects.across_tenants().update(created_at=day)
    Endpoint.objects.filter(tenant=bob.tenant_id, recipient=bob).update(code_until=day)

    assert clear_out(now=db_now())["unproven"] == 1
    assert [row.recipient_id for row in Endpoint.objects.across_tenants()] == [alice.pk]
