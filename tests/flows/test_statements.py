"""Cost grows by the thousand, not by the head: the statements from trigger to inbox are counted."""

from typing import Any

import pytest

from notifications.models import Recipient, Role, Tenant
from preferences.models import Choice
from tests.cast import Publish, crowd, items_of, run_named, statements, titles, topic, workflow
from workflows import engine
from workflows.conf import CHUNK
from workflows.define import condition, delay, digest, escalate, level, send, send_inbox, wait_for
from workflows.trigger import Trigger, trigger, trigger_many

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scripted")]

WORKFLOWS = {
    "plain": workflow("t.plain", send_inbox(title="Hello {{ payload.name }}")),
    "personalised": workflow("t.personal", send_inbox(title="Hello {{ recipient.name }}", body="{{ recipient.zone }}")),
    "in two languages": workflow("t.lang", send_inbox(title="Hello", locales={"de": {"title": "Hallo"}})),
    "threaded": workflow("t.thread", send_inbox(title="Hello", thread="a thread")),
    "critical": workflow("t.critical", send_inbox(title="Hello"), critical=True),
    "personalised, behind a false condition": workflow(
        "t.false",
        condition({"==": [{"var": "recipient.role"}, "owner"]}, then=[send_inbox(title="{{ recipient.name }}")]),
        send_inbox(title="{{ recipient.name }}", when={"==": [{"var": "payload.n"}, 1]}),
        send_inbox(title="{{ recipient.name }}", when={"!=": [{"var": "recipient.zone"}, "x"]}),
    ),
    "outside": workflow("t.outside", send("scripted", title="Hello {{ payload.name }}")),
    "outside, personalised": workflow("t.outside.own", send("scripted", title="Hello {{ recipient.name }}")),
    "outside, if unread": workflow(
        "t.outside.unread", send_inbox(title="Hello"), send("scripted", title="Hello", skip_if_read=True)
    ),
    "collected": workflow("t.collected", digest(hours=1), send_inbox(title="{{ digest.count }}")),
    "waiting for each": workflow("t.waits", send_inbox(title="Hello"), wait_for("acknowledged", hours=1)),
    "waiting for an event": workflow("t.event", wait_for("event", event="e", match="name", hours=1)),
    "escalated": workflow(
        "t.escalated", escalate(level(send_inbox(title="{{ recipient.name }}"), to=[{"everyone": True}], minutes=1))
    ),
    "two steps": workflow("t.two", send_inbox(title="Hello"), send_inbox(title="Again"), delay(days=1)),
}


def cost(tenant: Tenant, key: str, **given: Any) -> int:
    with statements() as found:
        trigger(key, tenant=tenant, recipients=[{"everyone": True}], **given)
        engine.drain()
    return len(found)


def warm_up(key: str) -> None:
    """A definition is stored and loaded once a process."""
    warm = Tenant.objects.create(slug="warm", name="Warm")
    crowd(warm, 1)
    cost(warm, key)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_as_many_statements_for_ten_people_as_for_a_thousand(
    acme: Tenant, globex: Tenant, publish: Publish, name: str
) -> None:
    publish(WORKFLOWS[name])
    few, many = crowd(acme, 10, email="a@example.com"), crowd(globex, CHUNK, email="a@example.com")
    for one in (few[0], many[0], many[1]):
        Choice.objects.create(tenant=one.tenant, recipient=one, wanted=False)
    warm_up(WORKFLOWS[name].key)

    assert cost(acme, WORKFLOWS[name].key) == cost(globex, WORKFLOWS[name].key)


@pytest.mark.parametrize("field", ["name", "zone"])
def test_as_many_statements_for_twenty_languages_as_for_one(
    acme: Tenant, globex: Tenant, publish: Publish, field: str
) -> None:
    locales = {
        f"a{letter}": {"title": f"{letter} {{{{ recipient.{field} }}}} {{{{ steps.hello.sent }}}}"}
        for letter in "bcdefghijklmnopqrstu"
    }
    publish(workflow("t.lang", send_inbox(title="Hello", name="hello"), send_inbox(title="Again", locales=locales)))
    crowd(acme, 20)
    for locale in locales:
        crowd(globex, 1, prefix=locale, locale=locale)
    warm_up("t.lang")

    assert cost(acme, "t.lang") == cost(globex, "t.lang")


def test_each_further_thousand_costs_a_handful(acme: Tenant, globex: Tenant, hello: None) -> None:
    tenants = [acme, globex, Tenant.objects.create(slug="third", name="Third")]
    for tenant, chunks in zip(tenants, (1, 2, 3), strict=True):
        crowd(tenant, chunks * CHUNK)
    warm_up("hello")

    one, two, three = (cost(tenant, "hello") for tenant in tenants)

    assert 0 < two - one < 30  # how often it is looked at what else is due differs by a look
    assert 0 < three - two < 30


def test_a_hundred_small_runs_cost_no_more_than_ten(acme: Tenant, hello: None) -> None:
    people = crowd(acme, 100)
    warm_up("hello")
    counts = []
    for size in (1, 10, 100):
        trigger_many([Trigger("hello", {"name": one.name}, [one]) for one in people[:size]], tenant=acme)
        with statements() as found:
            engine.drain()
        counts.append(len(found))

    one, ten, hundred = counts
    assert ten == hundred <= 21
    assert one <= 12  # in one transaction, on a way of its own


def test_a_hundred_people_matched_by_forty_topics_a_role_and_by_name_get_one_item(acme: Tenant, hello: None) -> None:
    people = crowd(acme, 100, role=Role.ADMIN)
    topics = [topic(acme, f"t{n}", *people) for n in range(40)]

    answer = trigger("hello", tenant=acme, recipients=[*topics, {"role": "admin"}, *people])
    engine.drain()

    assert items_of(run_named(answer.transaction_id)) == {one.pk: 1 for one in people}


def test_people_who_follow_several_topics_get_one_item(acme: Tenant, hello: None) -> None:
    """No role and no name beside the topics, which is another statement."""
    people = crowd(acme, 150)
    topics = [topic(acme, f"t{n}", *people) for n in range(3)]

    answer = trigger("hello", tenant=acme, recipients=topics)
    engine.drain()

    assert items_of(run_named(answer.transaction_id)) == {one.pk: 1 for one in people}


def test_everybody_reads_their_own_name(acme: Tenant, publish: Publish) -> None:
    publish(WORKFLOWS["personalised"])
    people = crowd(acme, 300)

    trigger("t.personal", tenant=acme, recipients=people)
    engine.drain()

    assert all(titles(one) == [f"Hello {one.name}"] for one in people)


def test_who_left_a_tenant_or_belongs_to_another_hears_nothing(
    acme: Tenant, alice: Recipient, mallory: Recipient, hello: None
) -> None:
    gone = crowd(acme, 1, active=False)[0]

    trigger("hello", tenant=acme, recipients=[{"everyone": True}])
    engine.drain()

    assert (len(titles(alice)), titles(mallory), titles(gone)) == (1, [], [])
