"""A schema that would look at one value over and over is refused before it is used."""

from typing import Any

import pytest

from workflows.schema_cost import TooCostly, check_cost

pytestmark = pytest.mark.once


def chain(word: str, length: int, *, within: str = "") -> dict[str, Any]:
    """Definitions that each name the next one twice."""
    twice = [[{"$ref": f"#/$defs/a{n + 1}"}] * 2 for n in range(length)]
    defs: dict[str, Any] = {f"a{n}": {word: pair} for n, pair in enumerate(twice)}
    if within:
        defs = {name: {word: [{"properties": {"x": part}} for part in one[word]]} for name, one in defs.items()}
    return {"$defs": {**defs, f"a{length}": {"type": "string"}}, "$ref": "#/$defs/a0"}


COSTLY: dict[str, Any] = {
    "any of": chain("anyOf", 20),
    "one of": chain("oneOf", 20),
    "all of": chain("allOf", 30),
    "a level of the payload each": chain("anyOf", 20, within="properties"),
    "itself twice": {"anyOf": [{"properties": {"x": {"$ref": "#"}}}, {"properties": {"x": {"$ref": "#"}}}]},
    "itself twice at once": {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]},
    "by an anchor": {"$anchor": "me", "anyOf": [{"$ref": "#me"}, {"$ref": "#me"}]},
    "by a dynamic anchor": {"$dynamicAnchor": "me", "oneOf": [{"$dynamicRef": "#me"}, {"$dynamicRef": "#me"}]},
    "by patterns": {"patternProperties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}}},
    "by a part of a list": {"anyOf": [{"not": {"$ref": "#/anyOf/1"}}, {"allOf": [{"$ref": "#"}, {"$ref": "#"}]}]},
}


def nested(levels: int) -> Any:
    return {"not": nested(levels - 1)} if levels else {"$ref": "#"}


COSTLY["deep within itself"] = nested(100)


@pytest.mark.parametrize("name", COSTLY)
def test_what_multiplies_is_refused(name: str) -> None:
    with pytest.raises(TooCostly):
        check_cost(COSTLY[name])


TREE = {"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}, "rows": {"items": {"$ref": "#"}}}}
CHEAP: dict[str, Any] = {
    "nothing": {},
    "a tree": TREE,
    "itself": {"$ref": "#"},
    "a choice of many": {"oneOf": [{"const": n} for n in range(400)]},
    "many properties": {"properties": {f"p{n}": {"type": "string"} for n in range(5_000)}},
    "a short chain": chain("anyOf", 5),
    "no such place": {"$ref": "#/nowhere/at/all"},
    "no such anchor": {"$ref": "#nobody"},
    "a choice in each row": {
        "properties": {"rows": {"items": {"anyOf": [{"$ref": "#/$defs/a"}, {"type": "null"}]}}},
        "$defs": {"a": {"type": "object"}},
    },
}


@pytest.mark.parametrize("name", CHEAP)
def test_what_does_not_is_taken(name: str) -> None:
    check_cost(CHEAP[name])
