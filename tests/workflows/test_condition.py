"""Conditions: what each form says of plain data, and that nothing in the data can make one fail."""

import json
from typing import Any

import pytest

from workflows.condition import canonical, holds, paths_of, problems_of_condition

pytestmark = pytest.mark.once

VALUES: dict[str, Any] = {
    "payload": {"days": 3, "price": 2.5, "late": True, "none": None, "title": "Überfällig", "tags": ["a", 1, None]},
    "recipient": {"role": "admin", "attributes": {"team": {"name": "red"}}},
    "steps": {"hello": {"read": False}},
}
DAYS, TITLE, TAGS, GONE = ({"var": f"payload.{name}"} for name in ("days", "title", "tags", "gone"))
ROOTS = {"payload": None, "recipient": ("role", "attributes"), "steps": ("hello",), "actor": ("name",)}

TRUE: list[Any] = [
    True,
    {"var": "payload.late"},
    {"var": ["payload.gone", True]},
    {"not": {"var": "steps.hello.read"}},
    {"==": [DAYS, 3]},
    {"==": [DAYS, 3.0]},
    {"==": [GONE, None]},
    {"==": [{"var": ["payload.gone", 7]}, 7]},
    {"==": [{"var": ["payload.none", "x"]}, "x"]},
    {"==": [{"var": "recipient.attributes.team"}, {"var": "recipient.attributes.team"}]},
    {"==": [{"var": "payload.tags.1"}, 1]},
    {"==": [TAGS, ["a", 1, None]]},
    {"!=": [DAYS, "3"]},
    {"!=": [{"var": "payload.late"}, 1]},
    {"<": [DAYS, 4]},
    {"<=": [DAYS, 3]},
    {">": [{"var": "payload.price"}, 2]},
    {">=": ["b", "a"]},
    {"<": ["2026-01-31", "2026-02-01"]},
    {"<": [1e308, 10**400]},
    {"in": [{"var": "recipient.role"}, ["owner", "admin"]]},
    {"in": [None, TAGS]},
    {"contains": [TAGS, "a"]},
    {"contains": [TITLE, "fällig"]},
    {"exists": "payload.days"},
    {"and": [True, {"or": [False, {"not": False}]}]},
]

FALSE: list[Any] = [
    False,
    {"var": "payload.days"},
    {"var": "payload.gone"},
    {"var": "payload.title.0"},
    {"==": [DAYS, "3"]},
    {"==": [{"var": "payload.late"}, 1]},
    {"==": [TAGS, ["a", True, None]]},
    {"<": [DAYS, "4"]},
    {"<": [GONE, 4]},
    {"<": [False, True]},
    {">": [TAGS, []]},
    {"in": ["a", "abc"]},
    {"in": [True, TAGS]},
    {"contains": [DAYS, 3]},
    {"contains": [TITLE, 3]},
    {"contains": [GONE, None]},
    {"exists": "payload.none"},
    {"exists": "payload.tags.3"},
    {"exists": "payload.days.more"},
    {"exists": "payload.tags.99999999999999999999"},
    {"or": [False, False]},
    {"and": [True, False]},
]


@pytest.mark.parametrize("condition", TRUE, ids=str)
def test_what_is_true(condition: Any) -> None:
    assert holds(condition, VALUES)
    assert not holds({"not": condition}, VALUES)
    assert list(problems_of_condition(condition, roots=ROOTS)) == []


@pytest.mark.parametrize("condition", FALSE, ids=str)
def test_what_is_not(condition: Any) -> None:
    assert not holds(condition, VALUES)
    assert list(problems_of_condition(condition, roots=ROOTS)) == []


ODD: list[Any] = [None, True, 0, -1.5, 10**400, "", "text", [], [[]], {}, {"a": {"b": []}}]


@pytest.mark.parametrize("operator", ["==", "!=", "<", "<=", ">", ">=", "in", "contains"])
def test_no_value_makes_an_operator_fail(operator: str) -> None:
    condition = {operator: [{"var": "payload.left"}, {"var": "payload.right"}]}

    answers = [holds(condition, {"payload": {"left": one, "right": other}}) for one in ODD for other in ODD]

    assert set(answers) <= {True, False}


def nested(levels: int) -> Any:
    condition: Any = True
    for _ in range(levels):
        condition = {"not": condition}
    return condition


def in_lists(levels: int) -> Any:
    value: Any = []
    for _ in range(levels):
        value = [value]
    return {"==": [value, 1]}


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (None, "A condition is"),
        ("payload.days > 3", "A condition is"),
        ([True], "A condition is"),
        ({}, "A condition is"),
        ({"==": [1, 1], "!=": [1, 1]}, "A condition is"),
        ({"+": [1, 1]}, 'no operator "+"; known: and, or'),
        ({"matches": ["a", "b"]}, 'no operator "matches"'),
        ({"and": []}, '"and" takes a list'),
        ({"or": True}, '"or" takes a list'),
        ({"not": 1}, "A condition is"),
        ({"==": [1]}, '"==" takes two values'),
        ({"<": 1}, '"<" takes two values'),
        ({"==": [{"==": [1, 1]}, True]}, "A value is plain"),
        ({"==": [[[1]], 1]}, "plain values only"),
        ({"var": 7}, "A path is text"),
        ({"var": "payload..x"}, "A path is text"),
        ({"exists": "payload." + "x" * 200}, "A path is text"),
        ({"exists": {"var": "payload.x"}}, "A path is text"),
        ({"var": ["payload.x", 1, 2]}, "A value is plain"),
        ({"var": ["payload.x", {"var": "payload.y"}]}, "A default is"),
        ({"var": "payloads.x"}, '"payloads.x" begins with none of: payload, recipient'),
        ({"var": "recipient.password"}, "there is no recipient.password; known: role, attributes"),
        ({"var": "recipient"}, "there is no recipient."),
        pytest.param(nested(11), "deeper than 10 levels", id="deeper"),
        pytest.param(nested(500), "deeper than 10 levels", id="far deeper"),
        pytest.param(in_lists(500), "deeper than 10 levels", id="in lists"),
        pytest.param({"in": [DAYS, list(range(200))]}, "205 parts; 200 are allowed", id="many"),
    ],
)
def test_a_mistake_is_told(condition: Any, words: str) -> None:
    found = list(problems_of_condition(condition, roots=ROOTS))

    assert any(words in message for message in found), found


def test_ten_levels_are_fine() -> None:
    assert list(problems_of_condition(nested(10), roots=ROOTS)) == []


def test_the_paths_that_a_condition_reads_are_known() -> None:
    condition = {"and": [{"<": [DAYS, {"var": ["payload.limit", 9]}]}, {"not": {"exists": "recipient.role"}}]}

    assert paths_of(condition) == {"payload.days", "payload.limit", "recipient.role"}


LIKE: list[Any] = [
    1,
    1.0,
    True,
    "1",
    0,
    -0.0,
    2.5,
    None,
    1e300,
    10**300,
    [1],
    (1.0,),
    {"a": [2]},
    {"a": [2.0]},
    {"a": 2},
]


@pytest.mark.parametrize("left", LIKE, ids=repr)
def test_what_is_equal_has_one_spelling_and_nothing_else_has_it(left: Any) -> None:
    for right in LIKE:
        alike = json.dumps(canonical(left)) == json.dumps(canonical(right))
        assert alike == holds({"==": [{"var": "left"}, {"var": "right"}]}, {"left": left, "right": right}), right
