"""What looks like a mistake in a text: a path that nothing leads to, with the one that was perhaps meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from notifications import rendering

from .definition import Body
from .flaws import Flaw, field_of
from .validation import texts_of

ROOTS: Mapping[str, Sequence[str] | None] = {
    "payload": None,
    "recipient": ("external_id", "name", "email", "phone", "locale", "zone", "role", "attributes"),
    "tenant": ("name", "slug", "zone", "locale"),
    "actor": ("name",),
    "workflow": ("key", "name"),
    "transaction_id": (),
    "steps": (),
    "digest": ("count", "items"),
}
"""What a text can name, and what is within; None for the payload, of which its schema knows."""

_ANYTHING: Mapping[str, Any] = {}
_REFERENCES_MAX = 20


def warnings_of(body: Body) -> Iterator[Flaw]:
    """Of every text of every step."""
    for position, step in body.walk():
        for part in ("template", "locales"):
            for where, text in texts_of(step.get(part, {})):
                for message in unknown_paths(text, body.payload_schema):
                    yield Flaw(f"{field_of(position)}.{part}.{where}", message)


def unknown_paths(text: str, schema: Mapping[str, Any]) -> Iterator[str]:
    """Of one text. A text that cannot be parsed has none: that is an error, and told elsewhere."""
    try:
        paths = sorted(rendering.paths(text))
    except rendering.TemplateProblem:
        return
    for path in paths:
        names = _names(path)
        if names and (message := _unknown(names, schema)):
            yield message


def _unknown(names: Sequence[str], schema: Mapping[str, Any]) -> str:
    root, *inner = names
    if root not in ROOTS:
        return _told(root, ROOTS, "")
    known = ROOTS[root]
    if known is None:
        return _unknown_in(inner, schema, schema, within=root)
    if inner and known and inner[0] not in known:
        return _told(inner[0], known, root)
    return ""


def _unknown_in(names: Sequence[str], given: Any, whole: Mapping[str, Any], *, within: str) -> str:
    for name in names:
        given = _resolved(given, whole)
        if given is None or name.isdigit() or name in ("size", "first", "last"):
            return ""
        known = given.get("properties")
        if not isinstance(known, Mapping):
            return ""
        if name not in known:
            more = given.get("additionalProperties")
            return "" if more is True or isinstance(more, Mapping) else _told(name, known, within)
        given, within = known[name], f"{within}.{name}"
    return ""


def _resolved(given: Any, whole: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The schema behind local references; None where one value may have several forms."""
    for _ in range(_REFERENCES_MAX):
        if not isinstance(given, Mapping) or any(word in given for word in ("anyOf", "oneOf", "allOf", "if")):
            return None
        reference = given.get("$ref")
        if reference is None:
            return given
        given = _at(whole, str(reference))
    return None


def _at(schema: Any, reference: str) -> Any:
    for part in reference.removeprefix("#").strip("/").split("/"):
        if part:
            name = part.replace("~1", "/").replace("~0", "~")
            schema = schema.get(name) if isinstance(schema, Mapping) else None
    return schema


def _told(name: str, known: Any, within: str) -> str:
    path = f"{within}.{name}" if within else name
    near = get_close_matches(name, list(known), 1)
    meant = f" Did you mean `{f'{within}.{near[0]}' if within else near[0]}`?" if near else ""
    return f"Nothing is at `{path}`: it will be empty.{meant}"


def _names(path: str) -> list[str]:
    """The names of a plain dotted path; none of a path that is computed."""
    return [] if "[" in path or '"' in path else path.split(".")
