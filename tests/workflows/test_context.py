"""Who is alike in what is read is one group, and what is not read is not fetched."""

from typing import Any

import pytest

from notifications.models import Tenant
from tests.cast import Publish, crowd, statements, workflow
from tests.workflows.steps.moves import standing
from workflows.context import context_for, readable
from workflows.define import condition, send_inbox
from workflows.step import Scene
from workflows.trigger import Trigger, trigger_many

pytestmark = pytest.mark.django_db

STEPS = [send_inbox(title="x", name="first"), send_inbox(title="y", name="second")]


def scene_of(tenant: Tenant, *groups: list[Any]) -> Scene:
    """The first step of runs to these groups of people, which share a chunk."""
    trigger_many([Trigger("t", {"n": n}, people) for n, people in enumerate(groups)], tenant=tenant)
    return standing()


def grouped(scene: Scene, *paths: str) -> list[tuple[dict[str, Any], int]]:
    context = context_for(scene, scene.people, paths)
    return [
        (values, len(group))
        for run, of_run in scene.runs
        for values, group in context.groups(run, of_run)
    ]  # fmt: skip


def test_what_is_the_same_for_all_of_a_run_is_one_group_a_run_and_reads_nothing(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", *STEPS))
    scene = scene_of(acme, crowd(acme, 30), crowd(acme, 20, prefix="q"))

    with statements() as found:
        groups = grouped(scene, "payload.n", "tenant.name", "actor.name")

    assert [(values["payload"], n) for values, n in groups] == [({"n": 0}, 30), ({"n": 1}, 20)]
    assert found == []


def test_people_are_told_apart_by_what_is_read_of_them(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", *STEPS))
    red, blue = (crowd(acme, 20, prefix=team, attributes={"team": team}) for team in ("red", "blue"))
    scene = scene_of(acme, [*red, *blue])

    with statements() as found:
        groups = grouped(scene, "payload.n", "recipient.attributes.team")

    assert [(values["recipient"]["attributes"], n) for values, n in groups] == [
        ({"team": "red"}, 20),
        ({"team": "blue"}, 20),
    ]
    assert len(found) == 1


@pytest.mark.parametrize(
    "path", ["recipient", "recipient.name", "recipient.name.size", "recipient.attributes.size", "recipient[name]"]
)
def test_where_it_is_not_certain_that_people_are_alike_each_is_their_own(
    acme: Tenant, publish: Publish, path: str
) -> None:
    publish(workflow("t", *STEPS))
    people = [*crowd(acme, 2), *crowd(acme, 2, prefix="a", attributes={"a": 1})]

    assert [n for _, n in grouped(scene_of(acme, people), path)] == [1, 1, 1, 1]


def test_a_condition_may_ask_about_steps_that_come_before_it() -> None:
    steps = [STEPS[0], condition(True, then=[STEPS[1]]), send_inbox(title="z", name="third")]

    names = {position: readable(steps, position)["steps"] for position in ("0", "1", "1.then.0", "2")}

    assert names == {"0": [], "1": ["first"], "1.then.0": ["first"], "2": ["first", "second"]}
