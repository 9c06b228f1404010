"""What comes with us, as a person and a receiver see it: every text of every built-in workflow, from its sample."""

from typing import Any

import pytest

from channels_delivery.chat.drawn import drawn
from channels_delivery.models import Channel, Delivery, Message
from notifications import inbox
from notifications.kernel.clock import db_now
from notifications.models import Tenant
from tests.cast import crowd, run_named, titles, wake_everybody
from workflows import engine, notification_workflows, registry, runs
from workflows.define import Workflow
from workflows.trigger import trigger

pytestmark = pytest.mark.django_db
BUILT_IN = [one.key for one in vars(notification_workflows).values() if isinstance(one, Workflow)]


def told(tenant: Tenant, key: str) -> dict[str, Any]:
    """The parts of each message by kind, after everybody woke."""
    workflow = registry.get(key)
    assert workflow
    (person,) = crowd(tenant, 1, email="ana@example.com")
    settings = {"url": "https://127.0.0.1/hook"}
    Channel.objects.create(tenant=tenant, kind="webhook", name="hook", settings=settings, workflows=[key])
    for kind in ("slack", "teams"):
        Channel.objects.create(tenant=tenant, kind=kind, name=kind, secrets=settings, workflows=[key])
    answer = trigger(key, tenant=tenant, recipients=[person], payload=workflow.sample)
    for _ in range(2):
        engine.drain()
        wake_everybody()
    run = run_named(answer.transaction_id)
    assert runs.progress(run).skipped == runs.progress(run).teams == {}
    assert len(titles(person)) == 1
    said = Message.objects.filter(tenant=tenant).in_bulk()
    sent = Delivery.objects.filter(tenant=tenant, origin=run.public_id)
    return {one.kind: said[one.message_id].parts for one in sent}


@pytest.mark.parametrize("key", BUILT_IN)
def test_its_sample_makes_whole_sentences_everywhere(acme: Tenant, key: str) -> None:
    by_kind = told(acme, key)

    body = by_kind["webhook"]["body"]
    assert body["type"] == key
    assert body["data"]["payload"] == registry.get(key).sample  # type: ignore[union-attr]
    texts = [body["data"]["notice"]["title"], body["data"]["notice"]["body"]]
    if "email" in by_kind:
        texts += [by_kind["email"]["subject"], by_kind["email"]["text"]]
    for kind, part in (("slack", "message"), ("teams", "card")):
        if drawn_there := drawn(kind, by_kind.get(kind, {}).get(part, {})):
            texts += [drawn_there.title, *drawn_there.lines]
    assert all(text and "{{" not in text and " ." not in text and ".." not in text for text in texts), texts


def test_mail_of_an_escalation_says_who_waits_and_why(acme: Tenant) -> None:
    mail = told(acme, "session.escalated")["email"]

    assert mail["subject"].startswith("Amara Okafor needs a person: Refund above the limit")
    assert "Why: Refund above the limit that the assistant may grant." in mail["text"]
    assert "So far: Ordered two controllers" in mail["text"]


def test_of_an_urgent_session_only_those_are_mailed_who_have_not_read_it(acme: Tenant) -> None:
    workflow = registry.get("session.high_priority")
    assert workflow
    reads, does_not = crowd(acme, 2, email="ana@example.com")
    trigger(workflow.key, tenant=acme, recipients=[reads, does_not], payload=workflow.sample)
    engine.drain()
    inbox.mark_read(reads, [entry.id for entry in inbox.list_items(reads).entries], now=db_now())

    wake_everybody()
    engine.drain()

    assert [one.recipient_id for one in Delivery.objects.filter(tenant=acme, kind="email")] == [does_not.pk]
