"""What every kind of step keeps, whatever it does. A kind without a sample here fails the build."""

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
from workflows.fetching import Brought, answered_by
from workflows.functions import FUNCTIONS, Branch
from workflows.models import Cohort
from workflows.planning import plan_step
from workflows.registry import problems_of
from workflows.step import Plan, Scene
from workflows.steps import STEPS
from workflows.trigger import Trigger, trigger_many

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
    assert set(SAMPLES) == set(STEPS)


@pytest.mark.once
@pytest.mark.parametrize("kind", SAMPLES)
def test_its_settings_have_a_schema_that_takes_the_sample_and_nothing_unknown(kind: str) -> None:
    check_itself(STEPS[kind].schema)

    assert list(problems_of(workflow("t", SAMPLES[kind]))) == []
    assert list(problems_of(workflow("t", {**SAMPLES[kind], "colour": "red"}))) != []


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
