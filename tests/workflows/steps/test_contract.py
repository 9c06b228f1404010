"""What every kind of step keeps, whatever it does. A kind without a sample here fails the build."""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from notifications.kernel.schema import check_itself
from notifications.models import Tenant
from tests.cast import Publish, crowd, rolled_back, statements, workflow
from tests.workflows.steps.moves import standing
from workflows.conf import CHUNK
from workflows.define import (
    call,
    condition,
    delay,
    digest,
    escalate,
    fetch,
    function,
    level,
    send,
    send_inbox,
    throttle,
    wait_for,
)
from workflows.definition import Body
from workflows.explain import explain_future
from workflows.fetching import Brought, answered_by
from workflows.functions import FUNCTIONS, Branch
from workflows.models import Cohort
from workflows.planning import plan_step
from workflows.registry import problems_of
from workflows.simulate import simulate
from workflows.step import Plan, Scene
from workflows.steps import STEPS
from workflows.trigger import Trigger, dry_run, trigger_many

ADMIN = {"==": [{"var": "recipient.role"}, "admin"]}
HELLO = send_inbox(title="Hello {{ recipient.name }}")

SAMPLES: dict[str, Mapping[str, Any]] = {
    "call": call("x", "contract", then=[HELLO]),
    "condition": condition(ADMIN, then=[HELLO], otherwise=[HELLO]),
    "delay": delay(at="09:00"),
    "digest": digest(hours=1),
    "escalate": escalate(level(HELLO, minutes=5)),
    "fetch": fetch("x", "https://api.example.com/"),
    "send": send("email", title="Hello {{ recipient.name }}"),
    "throttle": throttle(1, within=timedelta(hours=1), otherwise=[HELLO]),
    "wait_for": wait_for("acknowledged", hours=1),
}


WRONG: dict[str, tuple[Mapping[str, Any], str]] = {
    "call": ({"function": 7}, "function"),
    "condition": ({"if": "x"}, "if"),
    "delay": ({"at": "25:00"}, "at"),
    "digest": ({"seconds": 0}, "seconds"),
    "escalate": ({"levels": []}, "levels"),
    "fetch": ({"url": "file:///etc/passwd"}, "url"),
    "send": ({"channel": "pigeon"}, "channel"),
    "throttle": ({"most": 0}, "most"),
    "wait_for": ({"what": "silence"}, "what"),
}
"""Changes that make a sample wrong, and the setting that is to be named."""

NEEDED = {
    "call": "function",
    "condition": "if",
    "delay": "one of these settings: at, seconds, until, working_hours",
    "digest": "one of these settings: seconds, times",
    "escalate": "levels",
    "fetch": "url",
    "send": "channel",
    "throttle": "most",
    "wait_for": "what",
}
"""What is asked for where a step says nothing but its kind."""


@pytest.fixture(autouse=True)
def outside() -> Iterator[None]:
    """A function and a server that answer."""
    function("contract")(lambda people: [Branch("then") if n % 2 else n for n, _ in enumerate(people)])
    with answered_by(lambda request: Brought(request.url)):
        yield
    del FUNCTIONS["contract"]


def planned(scene: Scene) -> Plan:
    plan = plan_step(scene)
    if plan.inside is not None:
        with transaction.atomic():
            plan = plan.inside(scene.people, scene)
    return plan


def arrive(tenant: Tenant, size: int) -> Scene:
    """Two runs to the same people, half of them admins, with their teams, at the step."""
    people = [*crowd(tenant, size // 2), *crowd(tenant, size // 2, prefix="a", role="admin", zone="Asia/Tokyo")]
    trigger_many([Trigger("t", {"n": n}, people[:99]) for n in range(2)], tenant=tenant)
    return standing()


@pytest.mark.once
def test_every_kind_has_a_sample() -> None:
    assert set(SAMPLES) == set(WRONG) == set(NEEDED) == set(STEPS)


@pytest.mark.once
@pytest.mark.parametrize("kind", SAMPLES)
def test_its_settings_have_a_schema_that_takes_the_sample_and_nothing_unknown(kind: str) -> None:
    check_itself(STEPS[kind].schema)

    assert list(problems_of(workflow("t", SAMPLES[kind]))) == []
    assert list(problems_of(workflow("t", {**SAMPLES[kind], "colour": "red"}))) != []


@pytest.mark.once
@pytest.mark.parametrize("kind", SAMPLES)
def test_a_wrong_setting_is_refused_by_its_name_and_place(kind: str) -> None:
    changes, named = WRONG[kind]

    problems = [one.message for one in problems_of(workflow("t", HELLO, {**SAMPLES[kind], **changes}))]

    assert problems
    assert all(one.startswith("Step 2") and named in one for one in problems), problems


@pytest.mark.once
@pytest.mark.parametrize("kind", SAMPLES)
def test_what_is_missing_is_asked_for(kind: str) -> None:
    problems = [one.message for one in problems_of(workflow("t", {"kind": kind}))]

    assert any(NEEDED[kind] in one for one in problems), problems


@pytest.mark.once
@pytest.mark.parametrize("kind", SAMPLES)
def test_it_is_the_same_once_it_was_stored(kind: str) -> None:
    body = workflow("t", SAMPLES[kind]).body

    again = Body.from_json(json.loads(json.dumps(body.to_json())))

    assert (again.hash(), again.step_at("0")) == (body.hash(), body.step_at("0"))


@pytest.mark.once
@pytest.mark.parametrize("kind", SAMPLES)
def test_what_its_schema_takes_for_a_whole_number_is_read_as_one(kind: str) -> None:
    counts = [name for name, said in STEPS[kind].schema["properties"].items() if said.get("type") == "integer"]
    stored = {**SAMPLES[kind], **dict.fromkeys(counts, 2.0)}
    within = condition(True, then=[stored])

    body = Body.from_json(workflow("t", stored, within).body.to_json())

    for position in ("0", "1.then.0"):
        step = body.step_at(position)
        assert step is not None
        assert {name: type(step[name]) for name in counts} == dict.fromkeys(counts, int)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", SAMPLES)
def test_it_can_be_simulated_run_dry_and_foretold(acme: Tenant, publish: Publish, kind: str) -> None:
    publish(workflow("t", SAMPLES[kind], HELLO))
    (person,) = crowd(acme, 1, email="p@acme.example")

    assert simulate("t", people=[person], tenant=acme).finished
    assert dry_run(Trigger("t", recipients=[person]), tenant=acme).people == 1
    assert explain_future("t", person).sentences


@pytest.mark.once
@pytest.mark.parametrize("kind", SAMPLES)
def test_it_is_in_the_docs(kind: str) -> None:
    docs = (Path(__file__).resolve().parents[3] / "docs" / "workflows.md").read_text()

    assert f"| `{kind}" in docs


@pytest.mark.django_db
@pytest.mark.parametrize("admitted", [True, ADMIN, False], ids=["all", "some", "none"])
@pytest.mark.parametrize("kind", SAMPLES)
def test_it_moves_everybody_exactly_once(acme: Tenant, publish: Publish, kind: str, admitted: Any) -> None:
    publish(workflow("t", {**SAMPLES[kind], "when": admitted}, send("webhook", title="x")))
    scene = arrive(acme, 12)
    assert len(scene.house) == 2

    plan = planned(scene)

    assert sum(len(move.people) for move in plan.moves) == len(scene.people) == 26
    assert sorted(place for move in plan.moves for place in move.people) == list(range(26))
    assert all(not note.people - scene.people for note in plan.notes)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", SAMPLES)
def test_what_it_plans_twice_it_wants_twice_the_same(acme: Tenant, publish: Publish, kind: str) -> None:
    publish(workflow("t", SAMPLES[kind], HELLO))
    scene = arrive(acme, 12)
    plans = []

    for _ in range(2):
        with rolled_back():
            plans.append(planned(scene))

    assert list(plans[0].moves) == list(plans[1].moves)
    assert list(plans[0].notes) == list(plans[1].notes)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", SAMPLES)
def test_it_asks_the_database_as_often_for_a_thousand_as_for_ten(
    acme: Tenant, globex: Tenant, publish: Publish, kind: str
) -> None:
    publish(workflow("t", {**SAMPLES[kind], "when": {"or": [ADMIN, True]}}, HELLO))
    counts = []
    for tenant, size in ((acme, 10), (globex, CHUNK)):
        people = [*crowd(tenant, size // 2), *crowd(tenant, size // 2, prefix="a", role="admin", zone="Asia/Tokyo")]
        trigger_many([Trigger("t", {}, people)], tenant=tenant)
        scene = standing()
        with statements() as found, transaction.atomic():
            planned(scene)
        counts.append(len(found))
        Cohort.objects.across_tenants().update(open=False)

    assert counts[0] == counts[1] <= 8
