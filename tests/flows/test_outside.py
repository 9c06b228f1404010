"""From a trigger to a receiver: what a workflow says outside arrives, signed, once a run."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from channels_delivery import courier
from channels_delivery.models import Channel, Delivery
from channels_delivery.testing import Scripted
from notifications.models import Tenant
from tests.cast import Publish, crowd, run_named, workflow
from tests.channels_delivery.receiver import Receiver
from tests.channels_delivery.webhooks import NEW, OLD
from workflows import engine, runs
from workflows.define import send, send_email, send_inbox, send_webhook
from workflows.retract import cancel
from workflows.trigger import Trigger, trigger, trigger_many

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    with Receiver() as listening:
        section = {"ALLOW_ORIGINS": [listening.origin], "BACKENDS": ["channels_delivery.testing.SCRIPTED"]}
        settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": section}
        yield listening


@pytest.fixture
def shipped(publish: Publish) -> None:
    steps = send_inbox(title="Shipped"), send_webhook(title="Order {{ payload.order }} left", level="success")
    publish(workflow("order.shipped", *steps, name="Order shipped"))


def hook(tenant: Tenant, receiver: Receiver, path: str, secret: str) -> Channel:
    return Channel.objects.create(
        tenant=tenant,
        kind="webhook",
        name=path,
        settings={"url": receiver.origin + path},
        secrets={"signing": [secret]},
        workflows=["order.shipped"],
    )


def test_each_team_gets_one_signed_request_a_run_with_its_payload_and_words(
    acme: Tenant, globex: Tenant, receiver: Receiver, shipped: None
) -> None:
    hook(acme, receiver, "/ours", OLD)
    hook(acme, receiver, "/partners", NEW)
    hook(globex, receiver, "/theirs", NEW)
    people = crowd(acme, 30)

    answer = trigger("order.shipped", tenant=acme, recipients=people, payload={"order": 7})
    engine.drain()
    courier.drain()

    by_path = {one.path: one for one in receiver.got}
    assert set(by_path) == {"/ours", "/partners"}
    assert len(receiver.got) == 2
    assert by_path["/ours"].signed_by(OLD)
    assert by_path["/partners"].signed_by(NEW)
    said = json.loads(by_path["/ours"].body)
    assert said["type"] == "order.shipped"
    assert said["data"] == {
        "transaction_id": answer.transaction_id,
        "payload": {"order": 7},
        "notice": {"title": "Order 7 left", "level": "success"},
    }
    assert runs.deliveries(run_named(answer.transaction_id)) == {("webhook", "delivered"): 2}


def test_a_hundred_runs_are_a_hundred_requests_and_a_cancelled_one_none(
    acme: Tenant, receiver: Receiver, shipped: None
) -> None:
    hook(acme, receiver, "/ours", OLD)
    people = crowd(acme, 10)
    calls = [Trigger("order.shipped", {"order": n}, [people[n % 10]]) for n in range(100)]
    answers = trigger_many(calls, tenant=acme)
    engine.drain()

    cancelled = cancel(answers[13].transaction_id, tenant=acme)  # type: ignore[union-attr]
    courier.drain()

    orders = sorted(json.loads(one.body)["data"]["payload"]["order"] for one in receiver.got)
    assert orders == [n for n in range(100) if n != 13]
    assert (cancelled.deliveries_cancelled, cancelled.deliveries_too_late) == (1, 0)


@pytest.mark.usefixtures("receiver")
def test_people_are_reached_at_the_address_they_had_and_once(
    acme: Tenant, publish: Publish, scripted: Scripted
) -> None:
    publish(workflow("t.note", send("scripted", title="Hello {{ recipient.name }}")))
    people = crowd(acme, 40, email="somebody@example.com")

    answer = trigger("t.note", tenant=acme, recipients=people)
    for _ in range(2):
        engine.drain()
        courier.drain()

    assert sorted(one.parts["title"] for one in scripted.sent) == sorted(f"Hello {one.name}" for one in people)
    assert {one.recipient_id for one in scripted.sent} == {one.pk for one in people}
    assert runs.deliveries(run_named(answer.transaction_id)) == {("scripted", "delivered"): 40}
    assert {row.deliveries[0].state for row in runs.people(run_named(answer.transaction_id))} == {"delivered"}
    assert Delivery.objects.filter(tenant=acme).count() == 40


@pytest.mark.usefixtures("receiver")
def test_mail_reaches_each_person_and_the_lists_that_listen(acme: Tenant, publish: Publish, mailoutbox: Any) -> None:
    publish(workflow("t.note", send_email(title="Hello {{ recipient.name }}", html="<p>{{ payload.said }}</p>")))
    to = {"to": ["ops@example.com", "leads@example.com"]}
    Channel.objects.create(tenant=acme, kind="email", name="Lists", settings=to, workflows=["t.note"])
    people = [crowd(acme, 1, prefix=name, email=f"{name}@example.com")[0] for name in ("ana", "bo")]

    trigger("t.note", tenant=acme, recipients=people, payload={"said": "<script>1</script>"})
    engine.drain()
    courier.drain()

    sent = {mail.to[0]: mail.subject for mail in mailoutbox}
    assert sent == {
        "ana@example.com": "Hello Ana 0",
        "bo@example.com": "Hello Bo 0",
        "ops@example.com": "Hello",
        "leads@example.com": "Hello",
    }
    assert "&lt;script&gt;" in str(mailoutbox[0].alternatives[0][0])
    assert set(Delivery.objects.filter(tenant=acme).values_list("state", flat=True)) == {"accepted"}
