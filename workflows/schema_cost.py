"""How often a payload schema may look at one and the same value. Twenty definitions that each name the next one twice
are two kilobytes, and a million looks; so what that comes to is counted before such a schema is taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

LOOKS_MAX = 500
DEPTH_MAX = 32
"""References followed one behind the other: no payload is nested deeper."""

# fmt: off
_SAME = (
    "not", "if", "then", "else", "contains", "items", "additionalProperties", "propertyNames", "unevaluatedItems",
    "unevaluatedProperties",
)
# fmt: on
_LISTS, _MAPS, _EACH = ("allOf", "anyOf", "oneOf"), ("patternProperties", "dependentSchemas"), ("properties",)


class TooCostly(ValueError):
    """A schema that would look at a value more often than `LOOKS_MAX`."""


def check_cost(schema: Mapping[str, Any]) -> None:
    """Raises TooCostly."""
    try:
        looks = _Cost(schema).of(schema, DEPTH_MAX)
    except RecursionError:
        looks = LOOKS_MAX + 1
    if looks > LOOKS_MAX:
        raise TooCostly(f"its parts refer to each other so that it would look at one value over {LOOKS_MAX} times.")


class _Cost:
    """Of each part once for each depth of references that is left. Of properties, which are different values, the most
    costly one counts; of all else, the sum."""

    def __init__(self, whole: Mapping[str, Any]) -> None:
        self._whole, self._known = whole, dict[tuple[int, int], int]()

    def of(self, schema: Any, left: int) -> int:
        if not isinstance(schema, Mapping):
            return 0
        place = id(schema), left
        if place not in self._known:
            self._known[place] = LOOKS_MAX + 1  # a circle without a reference is none; one with it has less left
            looks = 1 + sum(self.of(part, left) for part in _parts(schema))
            looks += max((self.of(part, left) for part in _each(schema)), default=0)
            for word in ("$ref", "$dynamicRef"):
                if word in schema and left:
                    looks += self.of(self._target(schema[word]), left - 1)
            self._known[place] = min(looks, LOOKS_MAX + 1)
        return self._known[place]

    def _target(self, reference: Any) -> Any:
        """What a reference within the schema leads to; a name that is an anchor is looked for everywhere."""
        name = str(reference).rpartition("#")[2]
        if not name or name.startswith("/"):
            found: Any = self._whole
            for part in name.split("/")[1:]:
                step = part.replace("~1", "/").replace("~0", "~")
                if isinstance(found, Mapping):
                    found = found.get(step)
                elif isinstance(found, list) and step.isdigit() and int(step) < len(found):
                    found = found[int(step)]
                else:
                    return None
            return found
        return next(
            (one for one in _everything(self._whole) if name in (one.get("$anchor"), one.get("$dynamicAnchor"))), None
        )


def _parts(schema: Mapping[str, Any]) -> Iterator[Any]:
    yield from (schema[word] for word in _SAME if word in schema)
    for word in _LISTS:
        yield from schema[word] if isinstance(schema.get(word), list) else ()
    for word in _MAPS:
        yield from schema[word].values() if isinstance(schema.get(word), Mapping) else ()


def _each(schema: Mapping[str, Any]) -> Iterator[Any]:
    for word in _EACH:
        yield from schema[word].values() if isinstance(schema.get(word), Mapping) else ()
    yield from schema["prefixItems"] if isinstance(schema.get("prefixItems"), list) else ()


def _everything(schema: Any) -> Iterator[Mapping[str, Any]]:
    waiting = [schema]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            yield one
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
