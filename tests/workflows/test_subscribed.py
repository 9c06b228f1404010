"""Conditions of subscriptions: who is left out, at what cost, and what becomes of the run."""

from typing import Any

import pytest

from notifications import directory
from notifications.models import Recipient, Subscription, Tenant, Topic
from notifications.topics import nest
from tests.cast import Publish, crowd, outcomes, run_named, statements, topic, workflow
from workflows import engine, expand
from workflows.audience import Audience
from workflows.define import send_inbox
from workflows.explain import explain
from workflows.models import Run, Status
from workflows.runs import everyone_is_accounted_for
from workflows.subscribed import Asked, left_out
from workflows.trigger import Trigger, dry_run, trigger, trigger_many

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hello")]
LATE = {">": [{"var": "payload.days"}, 10]}
ADMIN = {"==": [{"var": "recipient.attributes.level"}, 3]}


def under(topic: Topic, people: list[Recipient], condition: Any) -> None:
    Subscription.objects.bulk_create(Subscription(topic=topic, recipient=one, condition=condition) for one in people)


def runs_of(tenant: Tenant, *payloads: dict[str, Any], topic: str = "x") -> list[Run]:
    answers = trigger_many([Trigger("hello", one, [{"topic": topic}]) for one in payloads], tenant=tenant)
    engine.drain()
    found = [run_named(one.transaction_id) for one in answers]  # type: ignore[union-attr]
    assert all(everyone_is_accounted_for(run) for run in found)
    return found


def test_each_run_is_asked_about_its_own_payload(acme: Tenant) -> None:
    few, rest = crowd(acme, 3), crowd(acme, 2, prefix="q")
    under(topic(acme, "x", *rest), few, LATE)

    early, late = runs_of(acme, {"days": 3}, {"days": 11})

    assert outcomes(early)["subscription_condition"] == {one.pk for one in few}
    assert outcomes(early)["done"] == {one.pk for one in rest}
    assert outcomes(late) == {"done": {one.pk for one in (*few, *rest)}}
    assert (early.status, early.people) == (Status.SENT, 5)


def test_a_run_of_which_everybody_is_left_out_is_finished(acme: Tenant) -> None:
    under(topic(acme, "x"), crowd(acme, 2), False)

    alone, other, another = *runs_of(acme, {}), *runs_of(acme, {"days": 1}, {"days": 2})

    for run in (alone, other, another):
        assert (run.status, run.expand_at, len(outcomes(run)["subscription_condition"])) == (Status.SENT, None, 2)


def test_a_large_run_leaves_people_out_page_by_page(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    people = crowd(acme, expand.SMALL + 20)
    x = topic(acme, "x", *people[50:])
    under(x, people[:50], {"in": [{"var": "recipient.external_id"}, ["p3", "p7"]]})

    (run,) = runs_of(acme, {})

    assert outcomes(run)["subscription_condition"] == {one.pk for one in people[:50]} - {people[3].pk, people[7].pk}
    assert (run.status, run.people) == (Status.SENT, len(people))


def test_a_condition_counts_for_what_lies_around_the_topic_too(acme: Tenant) -> None:
    ana, ben = crowd(acme, 2)
    top, inner = topic(acme, "top"), topic(acme, "inner", ben)
    under(inner, [ana], LATE)
    nest(top, ["inner"])

    (run,) = runs_of(acme, {"days": 3}, topic="top")

    assert outcomes(run) == {"subscription_condition": {ana.pk}, "done": {ben.pk}}
    assert explain(run, ana).codes == ["by_topic_inside", "never_reached", "subscription_condition"]


def test_it_costs_the_same_for_one_and_for_a_hundred(acme: Tenant) -> None:
    people, x = crowd(acme, 100), topic(acme, "x")
    under(x, people, {"and": [LATE, ADMIN]})
    audience = Audience(topics=(x.pk,))

    def ask(size: int) -> int:
        ids = [one.pk for one in people[:size]]
        with statements() as found:
            out = left_out(
                [Asked(1, audience, ids)], tenant_id=acme.pk, values_of=lambda _: {1: {"payload": {"days": 11}}}
            )
        assert out == {1: set(ids)}
        return len(found)

    assert ask(1) == ask(100) == 4


def test_without_conditions_it_costs_two_statements_and_without_topics_none(acme: Tenant, bob: Recipient) -> None:
    with statements() as found:
        assert (
            left_out([Asked(1, Audience(topics=(topic(acme, "x", bob).pk,)), [bob.pk])], tenant_id=1, values_of=dict)
            == {}
        )  # type: ignore[arg-type]
    with statements() as none:
        assert left_out([Asked(1, Audience((bob.pk,)), [bob.pk])], tenant_id=1, values_of=dict) == {}  # type: ignore[arg-type]

    assert (len([one for one in found if one.startswith(("SELECT", "WITH"))]), len(none)) == (2, 0)


def test_a_dry_run_says_how_many_are_left_out(acme: Tenant) -> None:
    under(topic(acme, "x", *crowd(acme, 2)), crowd(acme, 3, prefix="q"), LATE)

    found = dry_run(Trigger("hello", {"days": 3}, [{"topic": "x"}]), tenant=acme)

    assert (found.people, found.left_out, found.messages) == (5, {"subscription_condition": 3}, 2)
    assert found.to_json()["left_out"] == {"subscription_condition": 3}


def test_to_subscribe_again_says_the_condition_anew(acme: Tenant, bob: Recipient) -> None:
    x = topic(acme, "x", bob)

    directory.subscribe(x, ["bob"], condition=LATE)
    assert Subscription.objects.get().condition == LATE

    directory.subscribe(x, ["bob"])
    assert Subscription.objects.get().condition is None


def test_a_wrong_condition_is_refused_and_changes_nothing(acme: Tenant, bob: Recipient) -> None:
    x = topic(acme, "x", bob)

    with pytest.raises(directory.ValidationError, match="no operator"):
        directory.subscribe(x, ["bob"], condition={"=": [1, 1]})

    assert Subscription.objects.get().condition is None


def test_who_is_left_out_hears_nothing_of_the_team_either_way(acme: Tenant, publish: Publish) -> None:
    """The house walks on with those who are left."""
    publish(workflow("both", send_inbox(title="Item")))
    under(topic(acme, "x"), crowd(acme, 1), False)

    run = run_named(trigger("both", tenant=acme, recipients=[{"topic": "x"}]).transaction_id)
    engine.drain()

    assert list(outcomes(run)) == ["subscription_condition"]
