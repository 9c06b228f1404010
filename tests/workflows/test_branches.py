"""People walk into branches and come out again, every one of them, whatever the branches hold."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from notifications.models import NoticeType, Tenant
from tests.cast import Publish, crowd, outcomes, run_named, titles, wake_everybody, workflow
from workflows import catalogue, engine
from workflows.define import Workflow, delay, send, send_inbox
from workflows.models import Cohort, Run
from workflows.people import People
from workflows.registry import problems_of
from workflows.runs import everyone_is_accounted_for, progress
from workflows.step import BRANCH, Into, Move, Plan, Scene
from workflows.steps import STEPS
from workflows.trigger import Trigger, dry_run, trigger

pytestmark = pytest.mark.django_db


class Fork:
    """A step of a host that sends every second person into `then`, and the others into `else`."""

    kind = "fork"
    schema: Mapping[str, Any] = {"type": "object", "properties": {"then": BRANCH, "else": BRANCH}}

    def plan(self, settings: Mapping[str, Any], scene: Scene) -> Plan:
        even = People.of(place for place in scene.people if place % 2 == 0)
        return Plan([Move(even, Into("then")), Move(scene.people - even, Into("else"))])


@pytest.fixture(autouse=True)
def fork() -> Iterator[None]:
    STEPS["fork"] = Fork()
    yield
    del STEPS["fork"]


def branch(*, then: Any = (), otherwise: Any = ()) -> dict[str, Any]:
    return {"kind": "fork", "then": list(then), "else": list(otherwise)}


def started(tenant: Tenant, people: list[Any]) -> Run:
    return run_named(trigger("t", tenant=tenant, recipients=people).transaction_id)


def walked(run: Run) -> Run:
    engine.drain()
    run.refresh_from_db()
    assert everyone_is_accounted_for(run)
    return run


def test_each_walks_their_branch_and_then_on_together(acme: Tenant, publish: Publish) -> None:
    last = send_inbox(title="all")
    publish(workflow("t", branch(then=[send_inbox(title="even")], otherwise=[send_inbox(title="odd")]), last))
    people = crowd(acme, 4)

    run = walked(started(acme, people))

    assert [titles(one) for one in people] == [["all", "even"], ["all", "odd"]] * 2
    assert (run.status, outcomes(run)) == ("sent", {"done": {one.pk for one in people}})


def test_an_empty_branch_is_passed_by_in_one_cohort(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", branch(), send_inbox(title="all")))
    people = crowd(acme, 4)

    walked(started(acme, people))

    assert [titles(one) for one in people] == [["all"]] * 4
    assert Cohort.objects.across_tenants().count() == 1, "those who stand at the same step stay together"


def test_who_is_where_in_a_branch_is_told_by_position(acme: Tenant, publish: Publish) -> None:
    people = crowd(acme, 4)
    publish(workflow("t", branch(then=[delay(days=1), send_inbox(title="late")], otherwise=[send_inbox(title="odd")])))

    run = walked(started(acme, people))
    assert progress(run).to_json()["walking"] == [{"step": "0.then.1", "people": 2}]

    wake_everybody()
    assert walked(run).status == "sent"
    assert [titles(one) for one in people] == [["late"], ["odd"]] * 2


def test_channels_and_teams_of_branches_are_known(acme: Tenant, publish: Publish) -> None:
    one = publish(workflow("t", branch(then=[branch(otherwise=[send("webhook", title="x")])])))

    catalogue.publish_static()
    run = walked(started(acme, crowd(acme, 1)))

    assert NoticeType.objects.get(tenant=None, key=one.key).kinds == ["webhook"]
    assert 0 in outcomes(run)["done"], "the house walks with them"


def test_a_dry_run_shows_branches_without_their_texts(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", branch(then=[send_inbox(title="secret")])))
    crowd(acme, 1)

    said = dry_run(Trigger("t", {}, [{"everyone": True}]), tenant=acme).steps

    assert said == [{"kind": "fork", "then": [{"kind": "send", "channel": "inbox"}], "else": []}]


def nested(levels: int) -> dict[str, Any]:
    return branch(then=[nested(levels - 1)] if levels else [send_inbox(title="x")])


def refused(one: Workflow) -> list[str]:
    return [problem.message for problem in problems_of(one)]


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        ([send_inbox(title="x"), branch(then=[delay(days=500)])], "Step 2, then, step 1: /seconds"),
        ([branch(otherwise=[send_inbox(title="x"), {"kind": "teleport"}])], "Step 1, else, step 2: there is no step"),
        ([branch(then=[send_inbox(title="{% if %}")])], "Step 1, then, step 1: template title"),
        ([branch(then=[{"channel": "inbox"}])], 'Step 1: /then/0: "kind" is a required property'),
        ([nested(5)], "it lies too deep; 5 branches"),
        ([branch(then=[send_inbox(title="x")] * 60)] + [send_inbox(title="x")] * 60, "It has 121 steps; 100"),
        ([7], "Step 1: a step is an object"),
    ],
)
def test_a_problem_in_a_branch_is_told_with_its_place(steps: list[Any], problem: str) -> None:
    found = refused(workflow("t", *steps))

    assert any(problem in message for message in found), found


def test_five_branches_within_each_other_are_fine() -> None:
    assert refused(workflow("t", nested(4))) == []
