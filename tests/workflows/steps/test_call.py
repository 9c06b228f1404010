"""`call`: a function of the host answers for a set of people at a time, by values or by the way that each goes."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.db import OperationalError

from notifications.models import Recipient, Tenant
from tests.cast import Publish, crowd, outcomes, titles, wake_everybody, workflow
from tests.workflows.steps.moves import cost, standing, start, told, walked
from workflows import engine
from workflows.conf import CHUNK
from workflows.define import Branch, Person, call, function, send, send_inbox
from workflows.functions import FUNCTIONS
from workflows.models import ChunkResult, Run
from workflows.planning import plan_step
from workflows.registry import problems_of
from workflows.steps import FOR_TENANTS, STEPS

pytestmark = pytest.mark.django_db

SAYS = send_inbox(title="{{ steps.risk.score }}")


class Risk:
    """Answers as it is told, and keeps whom it was asked about."""

    def __init__(self) -> None:
        self.asked: list[Sequence[Person]] = []
        self.answer: Any = lambda one: {"score": len(one.recipient["name"])}
        self.fails: list[Exception] = []

    def __call__(self, people: Sequence[Person]) -> Sequence[Any]:
        self.asked.append(people)
        if self.fails:
            raise self.fails.pop(0)
        return [self.answer(one) for one in people]


@pytest.fixture
def risk() -> Iterator[Risk]:
    found = Risk()
    function("risk")(found)
    yield found
    del FUNCTIONS["risk"]


def until_settled(run: Run) -> Run:
    for _ in range(10):
        if walked(run).status != "processing":
            return run
        wake_everybody()
    raise AssertionError("it never went on")


def test_what_it_says_of_each_is_there_for_texts_and_conditions(acme: Tenant, risk: Risk, publish: Publish) -> None:
    high = {">": [{"var": "steps.risk.score"}, 3]}
    publish(workflow("t", call("risk", "risk"), SAYS, send_inbox(title="high", when=high)))
    people = crowd(acme, 12)

    run = told(acme, *people)

    assert {tuple(titles(one)) for one in people[:10]} == {("3",)}
    assert {tuple(titles(one)) for one in people[10:]} == {("high", "4")}
    assert (run.status, len(risk.asked), len(risk.asked[0])) == ("sent", 1, 12)


def test_what_it_is_told_of_each(acme: Tenant, risk: Risk, publish: Publish) -> None:
    publish(workflow("t", call("risk", "risk"), SAYS))
    (person,) = crowd(acme, 1, role="admin", attributes={"team": "red"})

    run = told(acme, person, n=1)

    ((asked,),) = risk.asked
    assert (asked.id, asked.payload, asked.transaction_id) == (person.pk, {"n": 1}, run.transaction_id)
    assert (asked.recipient["role"], asked.recipient["attributes"]) == ("admin", {"team": "red"})
    assert "id" not in asked.recipient


def test_runs_that_share_a_chunk_are_asked_about_together(acme: Tenant, risk: Risk, publish: Publish) -> None:
    risk.answer = lambda one: {"score": one.payload["n"]}
    publish(workflow("t", call("risk", "risk"), SAYS))
    (person,) = crowd(acme, 1)
    for n in range(5):
        start(acme, person, payload={"n": n})

    engine.drain()

    assert sorted(titles(person)) == ["0", "1", "2", "3", "4"]
    assert len(risk.asked) == 1


def test_it_may_say_which_way_each_goes(acme: Tenant, risk: Risk, publish: Publish) -> None:
    risk.answer = lambda one: Branch("long") if len(one.recipient["name"]) > 3 else {"score": 7}
    publish(workflow("t", call("risk", "risk", long=[send_inbox(title="long")]), SAYS))
    people = crowd(acme, 12)

    run = told(acme, *people)

    assert {tuple(titles(one)) for one in people[:10]} == {("7",)}
    assert [titles(one)[-1] for one in people[10:]] == ["long", "long"]
    assert outcomes(run) == {"done": {one.pk for one in people}}


def test_teams_and_who_has_left_are_not_asked_about(acme: Tenant, risk: Risk, publish: Publish) -> None:
    publish(workflow("t", call("risk", "risk"), send("webhook", title="x"), SAYS))
    stays, leaves = crowd(acme, 2)
    run = start(acme, stays, leaves)
    standing()
    Recipient.objects.filter(tenant=acme, pk=leaves.pk).update(active=False)

    walked(run)

    assert [[one.id for one in asked] for asked in risk.asked] == [[stays.pk]]
    assert outcomes(run, final=True) == {"done": {0, stays.pk, leaves.pk}}


BAD: dict[str, Any] = {
    "raises": ZeroDivisionError("by zero"),
    "too few": lambda people: people[1:],
    "no JSON": lambda people: [object() for _ in people],
    "too large": lambda people: ["x" * 5_000 for _ in people],
    "a branch that is none": lambda people: [Branch("on_error") for _ in people],
    "nothing": lambda people: people and None,
    "not finite": lambda people: [float("nan") for _ in people],
}


@pytest.mark.parametrize("name", BAD)
def test_a_function_that_fails_costs_nobody_their_notice(acme: Tenant, risk: Risk, publish: Publish, name: str) -> None:
    bad, tried = BAD[name], []

    def fails(people: Sequence[Person]) -> Any:
        tried.append(people)
        if isinstance(bad, Exception):
            raise bad
        return bad(people)

    function("risk")(fails)
    publish(workflow("t", call("risk", "risk"), send_inbox(title="on{{ steps.risk.score }}")))
    people = crowd(acme, 3)

    run = until_settled(start(acme, *people))

    assert (run.status, len(tried)) == ("sent", 3)
    assert {tuple(titles(one)) for one in people} == {("on",)}
    assert outcomes(run, final=False) == {"call_failed": {one.pk for one in people}}


def test_or_it_ends_there_with_the_reason(acme: Tenant, risk: Risk, publish: Publish) -> None:
    risk.fails = [ZeroDivisionError("by zero")] * 3
    publish(workflow("t", call("risk", "risk", on_error="stop"), SAYS))
    (person,) = crowd(acme, 1)

    run = until_settled(start(acme, person))

    assert (run.status, titles(person)) == ("sent", [])
    assert outcomes(run) == {"call_failed": {person.pk}}


def test_one_that_fails_once_is_asked_again(acme: Tenant, risk: Risk, publish: Publish) -> None:
    risk.fails = [ZeroDivisionError("by zero")]
    publish(workflow("t", call("risk", "risk"), SAYS))
    (person,) = crowd(acme, 1)

    run = until_settled(start(acme, person))

    assert titles(person) == ["3"]
    assert outcomes(run) == {"done": {person.pk}}


def test_a_database_that_is_away_is_no_failure_of_the_function(acme: Tenant, risk: Risk, publish: Publish) -> None:
    risk.fails = [OperationalError("server closed the connection")] * 5
    publish(workflow("t", call("risk", "risk"), SAYS))
    (person,) = crowd(acme, 1)

    run = until_settled(start(acme, person))

    assert titles(person) == ["3"]
    assert outcomes(run) == {"done": {person.pk}}


def test_what_was_planned_twice_is_kept_once(acme: Tenant, risk: Risk, publish: Publish) -> None:
    publish(workflow("t", call("risk", "risk"), SAYS))
    (person,) = crowd(acme, 1)
    run = start(acme, person)
    plan_step(standing())  # its worker dies

    walked(run)

    assert titles(person) == ["3"]
    assert ChunkResult.objects.count() == 1


def test_as_many_statements_for_ten_people_as_for_a_thousand(
    acme: Tenant, globex: Tenant, risk: Risk, publish: Publish
) -> None:
    publish(workflow("t", call("risk", "risk"), SAYS))
    people = {acme: crowd(acme, 10), globex: crowd(globex, CHUNK)}
    cost(acme, people[acme][:1])

    few, many = (cost(tenant, of_tenant) for tenant, of_tenant in people.items())

    assert few == many


@pytest.mark.parametrize(
    ("step", "problem"),
    [
        (call("risk", "unheard.of"), "there is no function 'unheard.of'; known:"),
        (call("risk", "risk", high=[{"kind": "teleport"}]), "Step 1, high, step 1: there is no step"),
        ({"kind": "call", "function": "risk", "high": 7}, "Step 1: /high"),
        (call("risk", "risk", on_error="cry"), "Step 1: /on_error"),
    ],
)
def test_a_mistake_is_told_on_save(risk: Risk, step: Any, problem: str) -> None:
    found = [one.message for one in problems_of(workflow("t", step))]

    assert any(problem in message for message in found), found


def test_a_tenant_has_no_functions() -> None:
    assert set(STEPS) - set(FOR_TENANTS) == {"call"}
