"""What a payload may be: plain JSON within bounds, and what the workflow's schema says."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from notifications.kernel.schema import check_itself, mismatches

BYTES_MAX, DEPTH_MAX, KEYS_MAX = 512 * 1024, 32, 10_000


class InvalidPayload(ValueError):
    """`errors` maps a JSON pointer into the payload to what is wrong there."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("; ".join(f"{where or '/'}: {what}" for where, what in errors.items()))
        self.errors = errors


def check_bounds(payload: Any) -> None:
    """Raises InvalidPayload unless this is a JSON object of at most 512 KB, 32 levels and 10,000 keys, with finite
    numbers and text that every database can hold."""
    if not isinstance(payload, dict):
        raise InvalidPayload({"": "The payload must be an object."})
    problem = _bounds_problem(payload)
    if problem:
        raise InvalidPayload({"": problem})


def _bounds_problem(payload: dict[str, Any]) -> str | None:
    try:
        text = json.dumps(payload, allow_nan=False, ensure_ascii=False)
        size = len(text.encode())
        deepest, keys = _shape(payload)
    except RecursionError:
        return f"It is nested deeper than {DEPTH_MAX} levels."
    except UnicodeEncodeError:
        return "It contains half of a surrogate pair, which is no character."
    except ValueError:
        return "It contains a number that is not finite, or refers to itself."
    except TypeError as error:
        return f"It is not JSON: {error}."
    if size > BYTES_MAX:
        return f"It has {size} bytes; {BYTES_MAX} are allowed."
    if "\\u0000" in text and _any_text(payload, lambda value: "\0" in value):
        return "It contains a NUL character."
    if deepest > DEPTH_MAX:
        return f"It is nested deeper than {DEPTH_MAX} levels."
    return f"It has more than {KEYS_MAX} keys." if keys > KEYS_MAX else None


def _shape(payload: Any) -> tuple[int, int]:
    """Depth and number of keys, without recursion. Raises TypeError for a key that is not text."""
    deepest, keys, waiting = 0, 0, [(payload, 1)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, dict):
            if not all(isinstance(key, str) for key in value):
                raise TypeError("a key that is not text")
            keys += len(value)
            children: Any = value.values()
        elif isinstance(value, list | tuple):
            children = value
        else:
            continue
        deepest = max(deepest, depth)
        waiting.extend((child, depth + 1) for child in children)
    return deepest, keys


def _any_text(payload: Any, test: Callable[[str], bool]) -> bool:
    waiting = [payload]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str) and test(value):
            return True
        if isinstance(value, dict):
            waiting.extend((*value.keys(), *value.values()))
        elif isinstance(value, list | tuple):
            waiting.extend(value)
    return False


def check_schema(payload: dict[str, Any], schema: dict[str, Any]) -> None:
    """Raises InvalidPayload with every mismatch, by pointer."""
    if not schema:
        return
    errors: dict[str, str] = {}
    for one in mismatches(payload, schema):
        where = "".join(f"/{part}" for part in one.path)
        errors[where] = f"{errors[where]}; {one.message}" if where in errors else one.message
    if errors:
        raise InvalidPayload(errors)


def check_schema_itself(schema: dict[str, Any]) -> None:
    """Raises ValueError unless this is a JSON Schema (2020-12) that refers only to itself."""
    check_itself(schema)


_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    dict: {"type": "object"},
    Any: {},
}


def schema_of(payload: type | dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of a dataclass (nested ones, lists and optionals too), or the schema itself if it is one."""
    if isinstance(payload, dict):
        return payload
    hints = typing.get_type_hints(payload)
    members = dataclasses.fields(payload)
    needed = [
        member.name
        for member in members
        if member.default is dataclasses.MISSING and member.default_factory is dataclasses.MISSING
    ]
    properties = {member.name: _schema_of_hint(hints[member.name]) for member in members}
    return {"type": "object", "additionalProperties": False, "required": needed, "properties": properties}


def _schema_of_hint(hint: Any) -> dict[str, Any]:
    if hint in _PLAIN:
        return _PLAIN[hint]
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return schema_of(hint)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (list, tuple):
        return {"type": "array", "items": _schema_of_hint(arguments[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema_of_hint(arguments[1])}
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [{"type": "null"} if one is type(None) else _schema_of_hint(one) for one in arguments]}
    raise TypeError(
        f"A payload field cannot be of type {hint!r}: use str, int, float, bool, list, dict or a dataclass."
    )
