"""Whether a JSON value is what a JSON Schema (2020-12) says. A schema may refer only to itself, so that none fetches
anything; and no pattern takes exponential time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jsonschema_rs
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

Path = tuple[str | int, ...]

_NOT_ALLOWED = gettext_noop("Is not allowed here.")


@dataclass(frozen=True)
class Mismatch:
    """One thing that is wrong. `names` are the properties that are missing or unknown at `path`; `given` is the part of
    the schema that says so. `message` quotes the value, so it is not for secrets."""

    path: Path
    keyword: str
    message: str
    given: Mapping[str, Any]
    names: Sequence[str] = ()


def mismatches(value: Any, schema: Mapping[str, Any]) -> Iterator[Mismatch]:
    """Everything in `value` that the schema does not allow. Raises ValueError for a schema that is none."""
    for error in _validator(json.dumps(schema, sort_keys=True)).iter_errors(value):
        keyword = error.kind.name
        names: Sequence[str] = ()
        if keyword == "required":
            names = [error.kind.property]
        elif keyword == "additionalProperties":
            names = error.kind.unexpected
        yield Mismatch(
            tuple(error.instance_path), keyword, error.message, _at(schema, error.schema_path[:-1]), tuple(names)
        )


def check_itself(schema: Mapping[str, Any]) -> None:
    """Raises ValueError unless this is a JSON Schema (2020-12) that refers only to itself."""
    _validator(json.dumps(schema, sort_keys=True))  # not `meta.validate`, which fetches what `$schema` names


def advice(value: Any, schema: Mapping[str, Any], *, within: str = "") -> dict[str, str]:
    """What is wrong with `value` by field (`settings.headers.X-Team`, `settings.to[0]`), in sentences for whoever wrote
    it. They never quote a value, so that it may be a secret."""
    found: dict[str, str] = {}
    for one in mismatches(value, schema):
        for path in [(*one.path, name) for name in one.names] or [one.path]:
            found.setdefault(field_name(path, within=within), _sentence(one))
    return found


def with_whole_numbers(value: Any, schema: Any) -> Any:
    """The same with an int at each place of an object or a list at which the schema says `integer`: 3.0 is one to JSON
    Schema, and none to Python."""
    if not isinstance(schema, Mapping):
        return value
    if isinstance(value, float):
        return int(value) if schema.get("type") == "integer" and value.is_integer() else value
    if isinstance(value, Mapping):
        inner = schema.get("properties", {})
        return {name: with_whole_numbers(one, inner.get(name)) for name, one in value.items()}
    return [with_whole_numbers(one, schema.get("items")) for one in value] if isinstance(value, list) else value


def field_name(path: Path, *, within: str = "") -> str:
    """A path as the errors of the API write it: `to[0].name`."""
    name = within
    for part in path:
        name += f"[{part}]" if isinstance(part, int) else f".{part}" if name else part
    return name


def _sentence(one: Mismatch) -> str:
    limit = one.given.get(one.keyword)
    match one.keyword:
        case "required":
            return _("Is missing: give a value.")
        case "additionalProperties":
            known = ", ".join(sorted(one.given.get("properties", ()))) or _("none")
            return _("Unknown field; known: %(known)s.") % {"known": known}
        case "type":
            wanted = limit if isinstance(limit, list) else [str(limit)]
            return _("Must be %(type)s.") % {"type": _(" or ").join(_types().get(name, name) for name in wanted)}
        case "enum":
            return _("Must be one of: %(values)s.") % {"values": ", ".join(str(value) for value in limit or ())}
        case "format":
            return _formats().get(str(limit), _("Must have the format %(format)s.") % {"format": limit})
        case _:
            bound = _bounds().get(one.keyword)
            return bound % {"limit": limit} if bound else _(one.given.get("description", _NOT_ALLOWED))


def _bounds() -> dict[str, str]:
    at_least, at_most = _("Must be at least %(limit)s."), _("Must be at most %(limit)s.")
    few, many = _("Must have at least %(limit)s entries."), _("May have at most %(limit)s entries.")
    return {
        "maxLength": _("May have at most %(limit)s characters."),
        "minLength": _("Must have at least %(limit)s characters."),
        "maxItems": many,
        "maxProperties": many,
        "minItems": few,
        "minProperties": few,
        "minimum": at_least,
        "exclusiveMinimum": _("Must be more than %(limit)s."),
        "maximum": at_most,
        "exclusiveMaximum": _("Must be less than %(limit)s."),
        "uniqueItems": _("Names the same entry twice."),
    }


def _types() -> dict[str, str]:
    return {
        "string": _("text"),
        "integer": _("a whole number"),
        "number": _("a number"),
        "boolean": _("true or false"),
        "array": _("a list"),
        "object": _("an object"),
        "null": "null",
    }


def _formats() -> dict[str, str]:
    return {
        "uri": _("Must be a URL, like https://hooks.example.com/inbox."),
        "email": _("Must be an e-mail address, like team@example.com."),
        "hostname": _("Must be the name of a host, like smtp.example.com."),
    }


def _at(schema: Mapping[str, Any], path: Sequence[str | int]) -> Mapping[str, Any]:
    """The part of the schema at this path; nothing where a reference leads elsewhere."""
    found: Any = schema
    for part in path:
        try:
            found = found[part]
        except (KeyError, IndexError, TypeError):
            return {}
    return found if isinstance(found, Mapping) else {}


@lru_cache(maxsize=1024)
def _validator(schema: str) -> Any:
    linear = jsonschema_rs.RegexOptions()  # no look-around, no back references: no pattern takes exponential time
    return jsonschema_rs.Draft202012Validator(
        json.loads(schema), retriever=_refuse, validate_formats=True, pattern_options=linear
    )


def _refuse(uri: str) -> Any:
    raise ValueError(f"A schema may only refer to itself, not to {uri}.")
