"""`throttle`: at most so many in a while for each person, exactly, whoever counts beside."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from notifications.models import Recipient, Tenant
from tests.cast import Publish, crowd, items_of, outcomes, rolled_back, titles, workflow
from tests.workflows.steps.moves import cost, standing, start, told, walked
from workflows import engine
from workflows.conf import CHUNK
from workflows.define import send_inbox, throttle
from workflows.explain import explain
from workflows.models import Throttle
from workflows.planning import plan_step
from workflows.registry import problems_of
from workflows.retract import cancel
from workflows.throttling import forget_ended

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
TWO = throttle(2, within=HOUR)
HELLO = send_inbox(title="{{ payload.n }}")


@pytest.fixture
def person(acme: Tenant) -> Recipient:
    return crowd(acme, 1)[0]


def time_passes(length: timedelta) -> None:
    for row in Throttle.objects.across_tenants():
        Throttle.objects.across_tenants().filter(pk=row.pk).update(ends_at=row.ends_at - length)


def test_what_exceeds_it_ends_there_with_the_reason(acme: Tenant, person: Recipient, publish: Publish) -> None:
    publish(workflow("t", TWO, HELLO))

    runs = [told(acme, person, n=n) for n in range(4)]

    assert titles(person) == ["1", "0"]
    assert [list(outcomes(run)) for run in runs] == [["done"], ["done"], ["throttled"], ["throttled"]]
    assert {run.status for run in runs} == {"sent"}


def test_a_count_that_is_written_as_a_decimal_counts(acme: Tenant, person: Recipient, publish: Publish) -> None:
    publish(workflow("t", {**TWO, "most": 2.0}, HELLO))

    runs = [told(acme, person, n=n) for n in range(3)]

    assert [list(outcomes(run)) for run in runs] == [["done"], ["done"], ["throttled"]]


def test_the_window_begins_with_the_first_and_then_a_new_one(acme: Tenant, person: Recipient, publish: Publish) -> None:
    publish(workflow("t", TWO, HELLO))
    for n in range(3):
        told(acme, person, n=n)

    time_passes(HOUR - timedelta(minutes=1))
    told(acme, person, n=3)
    assert titles(person) == ["1", "0"]

    time_passes(timedelta(minutes=1))
    for n in (4, 5, 6):
        told(acme, person, n=n)
    assert titles(person) == ["5", "4", "1", "0"]
    assert Throttle.objects.filter(tenant=acme).count() == 1


def test_runs_that_are_stepped_together_count_one_by_one_the_earliest_first(
    acme: Tenant, person: Recipient, publish: Publish
) -> None:
    publish(workflow("t", TWO, HELLO))
    runs = [start(acme, person, payload={"n": n}) for n in range(5)]

    engine.drain()

    assert sorted(titles(person)) == ["0", "1"]
    assert [list(outcomes(walked(run))) for run in runs] == [["done"]] * 2 + [["throttled"]] * 3


def test_people_keys_steps_workflows_and_tenants_have_counts_of_their_own(
    acme: Tenant, globex: Tenant, person: Recipient, publish: Publish
) -> None:
    one = throttle(1, within=HOUR, key="payload.n", stop=False)
    publish(workflow("t", one, HELLO, one, HELLO))
    publish(workflow("u", one, HELLO))
    (other,), (stranger,) = crowd(acme, 1, prefix="q"), crowd(globex, 1)

    for n in (1, 1.0, 2, None, {"a": 1}):
        told(acme, person, other, n=n)
    told(globex, stranger, n=1)
    walked(start(acme, person, key="u", payload={"n": 1}))

    rows = Throttle.objects.across_tenants()
    assert [rows.filter(recipient=one.pk).count() for one in (person, other, stranger)] == [9, 8, 2]


def test_a_named_throttle_goes_on_counting_in_another_version(
    acme: Tenant, person: Recipient, publish: Publish
) -> None:
    named = throttle(1, within=HOUR, name="limit")
    publish(workflow("t", named, HELLO))
    told(acme, person, n=1)

    publish(workflow("t", send_inbox(title="always"), named, HELLO))
    told(acme, person, n=2)

    assert titles(person) == ["always", "1"]


def test_the_rest_may_go_on_with_the_reason(acme: Tenant, person: Recipient, publish: Publish) -> None:
    publish(workflow("t", throttle(1, within=HOUR, stop=False, then=[HELLO]), send_inbox(title="always")))

    told(acme, person, n=1)
    run = told(acme, person, n=2)

    assert titles(person) == ["always", "always", "1"]
    assert list(outcomes(run, final=False)) == ["throttled"]


def test_the_rest_may_go_another_way(acme: Tenant, person: Recipient, publish: Publish) -> None:
    publish(workflow("t", throttle(1, within=HOUR, then=[HELLO], otherwise=[send_inbox(title="more")])))

    told(acme, person, n=1)
    run = told(acme, person, n=2)

    assert titles(person) == ["more", "1"]
    assert outcomes(run) == {"throttled": {person.pk}, "done": {person.pk}}
    assert outcomes(run, final=False) == {"throttled": {person.pk}}
    assert "throttled" in explain(run, person).codes


def test_a_critical_workflow_is_throttled_too(acme: Tenant, person: Recipient, publish: Publish) -> None:
    publish(workflow("t", throttle(1, within=HOUR), HELLO, critical=True))

    for n in range(2):
        told(acme, person, n=n)

    assert titles(person) == ["0"]


def test_who_passes_a_throttle_by_or_was_cancelled_is_not_counted(
    acme: Tenant, person: Recipient, publish: Publish
) -> None:
    publish(workflow("t", throttle(1, within=HOUR, when={"var": "payload.counts"}), HELLO))
    told(acme, person, n=0, counts=False)
    cancelled = start(acme, person, payload={"n": 1, "counts": True})
    cancel(cancelled.transaction_id, tenant=acme)
    walked(cancelled)

    told(acme, person, n=2, counts=True)

    assert titles(person) == ["2", "0"]


def test_a_step_that_is_tried_again_counts_once(acme: Tenant, person: Recipient, publish: Publish) -> None:
    publish(workflow("t", throttle(2, within=HOUR), send_inbox(title="x")))
    run = start(acme, person)
    scene = standing()
    for _ in range(2):  # workers that die before they wrote what they had planned, and while they wrote it
        plan = plan_step(scene)
        assert plan.inside is not None
        with rolled_back():
            plan.inside(scene.people, scene)

    walked(run)

    assert Throttle.objects.get(tenant=acme).n == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_workers_let_through_exactly_as_many(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", throttle(5, within=HOUR), send_inbox(title="x")))
    people = crowd(acme, 7)
    runs = [start(acme, {"everyone": True}) for _ in range(24)]

    def work() -> None:
        engine.drain()
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()

    assert [len(titles(one)) for one in people] == [5] * 7
    assert sum(sum(items_of(run).values()) for run in runs) == 35
    assert {walked(run).status for run in runs} == {"sent"}


def test_as_many_statements_for_ten_people_as_for_a_thousand(acme: Tenant, globex: Tenant, publish: Publish) -> None:
    publish(workflow("t", throttle(1, within=HOUR, otherwise=[send_inbox(title="more")]), send_inbox(title="x")))
    people = {acme: crowd(acme, 10), globex: crowd(globex, CHUNK)}
    for tenant, of_tenant in people.items():
        cost(tenant, of_tenant[: len(of_tenant) // 2])

    few, many = (cost(tenant, of_tenant) for tenant, of_tenant in people.items())

    assert few == many


def test_what_ended_is_taken_away(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", TWO, HELLO))
    ended, open_ = crowd(acme, 2)
    told(acme, ended, n=1)
    time_passes(HOUR)
    told(acme, open_, n=1)

    assert forget_ended() == 1

    assert [row.recipient for row in Throttle.objects.filter(tenant=acme)] == [open_.pk]


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        ({"most": 0, "seconds": 5}, "/most"),
        ({"most": 1}, '"seconds" is a required'),
        ({"most": 1, "seconds": 5, "stop": True, "else": [HELLO]}, "Step 1: "),
        ({"most": 1, "seconds": 5, "else": [{"kind": "teleport"}]}, "Step 1, else, step 1: there is no step"),
    ],
)
def test_a_mistake_is_told_on_save(step: dict[str, Any], problem: str) -> None:
    found = [one.message for one in problems_of(workflow("t", {"kind": "throttle", **step}))]

    assert any(problem in message for message in found), found
