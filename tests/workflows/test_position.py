"""Steps nest in branches: a position is a path, and a walk comes out where its branch ends."""

from collections.abc import Mapping
from typing import Any

import pytest

from workflows.position import after, branches_of, into, level, reading_order, spoken, step_at, walk

pytestmark = pytest.mark.once


def leaf(name: str) -> Mapping[str, Any]:
    return {"kind": "send", "name": name}


def fork(then: Any = (), otherwise: Any = ()) -> Mapping[str, Any]:
    return {"kind": "condition", "if": True, "else": list(otherwise), "then": list(then)}


STEPS = [leaf("a"), fork([leaf("b"), fork([leaf("c")])], [leaf("d")]), fork()]


def test_every_step_has_its_position_in_the_order_of_reading() -> None:
    assert [(position, step.get("name")) for position, step in walk(STEPS)] == [
        ("0", "a"), ("1", None), ("1.then.0", "b"), ("1.then.1", None), ("1.then.1.then.0", "c"), ("1.else.0", "d"),
        ("2", None),
    ]  # fmt: skip


def test_a_position_leads_back_to_its_step() -> None:
    assert all(step_at(STEPS, position) is step for position, step in walk(STEPS))


@pytest.mark.parametrize("position", ["3", "0.then.0", "1.then.2", "1.other.0", "1.then.0.then.0"])
def test_there_is_no_step_where_there_is_none(position: str) -> None:
    assert step_at(STEPS, position) is None


@pytest.mark.parametrize(
    ("position", "following"),
    [
        ("0", "1"),
        ("1", "2"),
        ("1.then.0", "1.then.1"),
        ("1.then.1.then.0", "2"),
        ("1.else.0", "2"),
        ("2", None),
    ],
)
def test_behind_the_last_step_of_a_branch_comes_what_follows_the_fork(position: str, following: str | None) -> None:
    assert after(STEPS, position) == following


@pytest.mark.parametrize(
    ("position", "branch", "first"),
    [
        ("1", "then", "1.then.0"),
        ("1.then.1", "then", "1.then.1.then.0"),
        ("1.then.1", "else", "2"),
        ("2", "then", None),
    ],
)
def test_an_empty_branch_is_passed_by(position: str, branch: str, first: str | None) -> None:
    assert into(STEPS, position, branch) == first


def test_positions_sort_as_they_are_read() -> None:
    steps = [fork([leaf("x")] * 11, [leaf("y")]), *[leaf("z")] * 11]
    positions = [position for position, _ in walk(steps)]

    backwards = positions[::-1]
    assert sorted(backwards, key=reading_order) == positions


def test_a_position_is_spoken_as_people_count() -> None:
    assert [spoken("0"), spoken("2.then.0")] == ["Step 1", "Step 3, then, step 1"]
    assert [level("0"), level("2.then.0"), level("1.then.1.else.0")] == [0, 1, 2]


@pytest.mark.parametrize("value", ["x", [], [1], [{"label": "Open"}], [{"kind": "send"}, {}], {"kind": "send"}, None])
def test_what_is_no_list_of_steps_is_no_branch(value: Any) -> None:
    assert branches_of({"kind": "send", "actions": value}) == []


def test_walking_stops_at_the_first_level_that_is_too_deep() -> None:
    steps = [leaf("deepest")]
    for _ in range(200):
        steps = [fork(steps)]

    assert max(level(position) for position, _ in walk(steps)) == 6
