"""Events that runs wait for: met by name and value, by who says so or by a run that starts, and not remembered."""

from datetime import timedelta
from typing import Any

import pytest

from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from tests.cast import Publish, crowd, outcomes, rolled_back, run_named, statements, titles, wake_everybody, workflow
from workflows import engine
from workflows.awaiting import forget_waits
from workflows.define import send_inbox, wait_for
from workflows.events import emit
from workflows.explain import explain
from workflows.models import HOUSE, Awaited, Run
from workflows.refusals import BadRequest
from workflows.runs import everyone_is_accounted_for
from workflows.trigger import Trigger, trigger, trigger_many

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(publish: Publish) -> None:
    """Who has not paid for an hour is reminded."""
    step = wait_for("event", event="order.paid", match="order.id", hours=1, on_match="stop")
    publish(workflow("order.placed", step, send_inbox(title="Please pay")))


def start(tenant: Tenant, order: int, *recipients: Any, key: str = "order.placed") -> Run:
    payload = {"order": {"id": order}}
    run = run_named(trigger(key, tenant=tenant, recipients=recipients, payload=payload).transaction_id)
    engine.drain()
    return run


def paid(tenant: Tenant, order: Any) -> int:
    return emit("order.paid", tenant=tenant, payload={"order": {"id": order}})


def ended(run: Run) -> dict[str, set[int]]:
    """How its people ended, after all."""
    engine.drain()
    wake_everybody()
    engine.drain()
    assert everyone_is_accounted_for(run)
    return {reason: people - {HOUSE} for reason, people in outcomes(run, final=True).items()}


def test_who_waits_for_the_same_value_is_met_and_nobody_else(acme: Tenant, order: None) -> None:
    people = crowd(acme, 3)
    runs = [start(acme, n, people[n], people[2]) for n in range(2)]

    assert paid(acme, 1) == 1

    assert ended(runs[1]) == {"event": {people[1].pk, people[2].pk}}
    assert ended(runs[0]) == {"done": {people[0].pk, people[2].pk}}
    assert [titles(one) for one in people] == [["Please pay"], [], ["Please pay"]]


@pytest.mark.parametrize("other", ["1", 2, None, [1], {"id": 1}])
def test_another_value_is_not_the_same(acme: Tenant, bob: Recipient, order: None, other: Any) -> None:
    run = start(acme, 1, bob)

    assert paid(acme, other) == 0

    assert ended(run) == {"done": {bob.pk}}


def test_a_number_is_the_same_however_it_is_written(acme: Tenant, bob: Recipient, order: None) -> None:
    run = start(acme, 1, bob)

    assert paid(acme, 1.0) == 1

    assert ended(run) == {"event": {bob.pk}}


def test_a_place_of_a_list_is_matched(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", wait_for("event", event="paid", match="payload.lines.0.order", hours=1, on_match="stop")))
    people = crowd(acme, 2)
    payloads = [{"lines": [{"order": name}, {"order": "z"}]} for name in "ab"]
    runs = [trigger("t", tenant=acme, recipients=[people[n]], payload=payloads[n]) for n in range(2)]
    engine.drain()

    assert emit("paid", tenant=acme, payload={"lines": [{"order": "b"}]}) == 1

    assert [list(ended(run_named(run.transaction_id))) for run in runs] == [["done"], ["event"]]


@pytest.mark.parametrize("payload", [{}, {"order": {}}, {"order": {"id": None}}, {"order": 7}], ids=str)
def test_where_there_is_no_value_no_event_is_the_same(
    acme: Tenant, bob: Recipient, order: None, payload: dict[str, Any]
) -> None:
    run = run_named(trigger("order.placed", tenant=acme, recipients=[bob], payload=payload).transaction_id)
    engine.drain()

    assert emit("order.paid", tenant=acme, payload=payload) == 0

    assert [one.code for one in explain(run, bob).sentences if one.step == "0"] == ["nothing_to_match", "waits"]
    assert ended(run) == {"done": {bob.pk}}
    assert titles(bob) == ["Please pay"]


def test_without_a_value_to_match_the_name_will_do(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    publish(workflow("t", wait_for("event", event="all.clear", hours=1, on_timeout="stop"), send_inbox(title="clear")))
    start(acme, 1, bob, key="t")

    assert emit("all.clear", tenant=acme) == 1
    engine.drain()

    assert titles(bob) == ["clear"]


def test_an_event_before_the_wait_does_not_count(acme: Tenant, bob: Recipient, order: None) -> None:
    paid(acme, 1)

    assert ended(start(acme, 1, bob)) == {"done": {bob.pk}}


def test_an_event_after_the_time_finds_nobody(acme: Tenant, bob: Recipient, order: None) -> None:
    run = start(acme, 1, bob)
    Awaited.objects.across_tenants().update(until=db_now() - timedelta(seconds=1))

    assert paid(acme, 1) == 0

    assert ended(run) == {"done": {bob.pk}}
    assert forget_waits() == 1


def test_a_second_event_changes_nothing(acme: Tenant, bob: Recipient, order: None) -> None:
    run = start(acme, 1, bob)

    assert (paid(acme, 1), paid(acme, 1)) == (1, 0)

    assert ended(run) == {"event": {bob.pk}}


def test_what_is_rolled_back_was_never_said(acme: Tenant, bob: Recipient, order: None) -> None:
    run = start(acme, 1, bob)

    with rolled_back():
        paid(acme, 1)

    assert ended(run) == {"done": {bob.pk}}


def test_of_another_tenant_it_is_not_heard(acme: Tenant, globex: Tenant, bob: Recipient, order: None) -> None:
    run = start(acme, 1, bob)

    assert paid(globex, 1) == 0

    assert ended(run) == {"done": {bob.pk}}


@pytest.mark.parametrize("size", [1, 150])
def test_a_run_that_starts_is_an_event(acme: Tenant, bob: Recipient, order: None, publish: Publish, size: int) -> None:
    """Small or large."""
    publish(workflow("order.paid", send_inbox(title="Thanks")))
    run = start(acme, 1, bob)

    start(acme, 1, *crowd(acme, size), key="order.paid")

    assert ended(run) == {"event": {bob.pk}}


def test_also_among_many_that_start_together(acme: Tenant, bob: Recipient, order: None, publish: Publish) -> None:
    publish(workflow("order.paid", send_inbox(title="Thanks")))
    runs = [start(acme, n, bob) for n in range(3)]

    trigger_many([Trigger("order.paid", {"order": {"id": n}}, [bob]) for n in (0, 2, 7)], tenant=acme)

    assert [list(ended(run)) for run in runs] == [["event"], ["done"], ["event"]]


def test_it_costs_the_same_however_many_wait(acme: Tenant, order: None) -> None:
    people = crowd(acme, 60)
    costs = []
    for first, size in ((0, 5), (5, 50)):
        orders = range(first, first + size)
        trigger_many([Trigger("order.placed", {"order": {"id": n}}, [people[n]]) for n in orders], tenant=acme)
        engine.drain()
        with statements() as found:
            assert paid(acme, first) == 1
        costs.append(len(found))

    assert costs[0] == costs[1]


@pytest.mark.parametrize("event", ["", "x" * 101, "a\nb", None])
def test_a_name_that_is_none_is_refused(acme: Tenant, event: Any) -> None:
    with pytest.raises(BadRequest):
        emit(event, tenant=acme)
