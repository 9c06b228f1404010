"""Which notices a silence is about, and which runs keep a rule going: matchers as values. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import Any, ClassVar

from django.utils.translation import gettext as _

from notifications import routing

from . import condition
from .condition import PATH_MAX, paths_of, problems_of_condition, value_at
from .definition import Body

NAMES_MAX, NAME_MAX, EQUAL_MAX = 50, 100, 5
LONGEST = 366 * 24 * 3600
HOUR = 3600

_KEYS: Mapping[str, Any] = {
    "type": "array",
    "minItems": 1,
    "maxItems": NAMES_MAX,
    "uniqueItems": True,
    "items": {"type": "string", "pattern": rf"^[A-Za-z0-9._:*?-]{{1,{NAME_MAX}}}$"},
}
_NAMES: Mapping[str, Any] = {**_KEYS, "items": {"type": "string", "minLength": 1, "maxLength": NAME_MAX}}
_PATH: Mapping[str, Any] = {"type": "string", "minLength": 1, "maxLength": PATH_MAX}

READABLE: Mapping[str, Sequence[str] | None] = {
    "payload": None,
    "recipient": routing.PROFILE,
    "tenant": ("name", "slug", "zone"),
    "actor": ("name",),
}
"""What the condition of a matcher may read."""


@dataclass(frozen=True)
class Matcher:
    """Everything that is named has to fit; of each list, one of its entries.

    `workflows` are keys, with `*` and `?` as in file names. `tags` are those of a tenant's own workflow as they are
    now. `channels`: on these alone. `when`: a condition on `payload`, `recipient`, `tenant` and `actor`. `critical`:
    also what is critical, which is left alone else.
    """

    workflows: Sequence[str] = ()
    categories: Sequence[str] = ()
    tags: Sequence[str] = ()
    channels: Sequence[str] = ()
    when: Any = True
    critical: bool = False

    SCHEMA: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "workflows": _KEYS,
            "categories": _NAMES,
            "tags": _NAMES,
            "channels": _NAMES,
            "when": condition.SCHEMA,
            "critical": {"type": "boolean"},
        },
    }

    def to_json(self) -> dict[str, Any]:
        return _without_defaults(self)

    def problems(self) -> Iterator[tuple[str, str]]:
        """(setting, sentence) of what the schema cannot say."""
        if not (self.workflows or self.categories or self.tags or self.channels) and self.when is True:
            yield "", _('It names nothing, so it would fit everything; if that is meant, say {"workflows": ["*"]}.')
        yield from (("when", problem) for problem in problems_of_condition(self.when, roots=READABLE))

    def fits(self, body: Body, *, channel: str, tags: Collection[str]) -> bool:
        """Whether such a notice is meant, the condition aside."""
        return (
            self.fits_workflow(body, tags=tags)
            and (not self.channels or channel in self.channels)
            and (self.critical or not body.critical)
        )

    def fits_workflow(self, body: Body, *, tags: Collection[str]) -> bool:
        return (
            (not self.workflows or fits_any(body.key, self.workflows))
            and (not self.categories or body.category in self.categories)
            and (not self.tags or not set(tags).isdisjoint(self.tags))
        )

    @property
    def reads_people(self) -> bool:
        return any(path.partition(".")[0] == "recipient" for path in paths_of(self.when))


@dataclass(frozen=True)
class WhileActive:
    """The runs that keep an inhibition going: of these `workflows` (keys, with `*` and `?`), `when` this is true of
    their payload, with the same plain values as the notice at all paths of `equal`.

    A run is active from its start until it is acknowledged or cancelled, until a later run of `resolved_by` with the
    same values starts, or until `seconds` have passed; not when it failed. That everybody has been told does not end
    it. A run that could keep the rule going itself is not held back by it.
    """

    workflows: Sequence[str]
    equal: Sequence[str] = ()
    when: Any = True
    resolved_by: Sequence[str] = ()
    seconds: float = HOUR

    SCHEMA: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["workflows"],
        "properties": {
            "workflows": _KEYS,
            "equal": {"type": "array", "maxItems": EQUAL_MAX, "uniqueItems": True, "items": _PATH},
            "when": condition.SCHEMA,
            "resolved_by": _KEYS,
            "seconds": {"type": "number", "minimum": 1, "maximum": LONGEST},
        },
    }

    def to_json(self) -> dict[str, Any]:
        return _without_defaults(self)

    def problems(self) -> Iterator[tuple[str, str]]:
        roots: Mapping[str, None] = {"payload": None}
        found = [("when", problem) for problem in problems_of_condition(self.when, roots=roots)]
        for path in self.equal:
            found += [("equal", problem) for problem in problems_of_condition({"exists": path}, roots=roots)]
        yield from found
        for path in self.paths if not found else ():
            if path == "payload" or any(part.isdecimal() for part in path.split(".")):
                yield "", _("Paths name a field of the payload here, like payload.device, and no place of a list.")

    @property
    def paths(self) -> list[str]:
        """All that is read of the runs that may keep it going."""
        return sorted({*self.equal, *paths_of(self.when)})

    def values(self, payload: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """What has to be equal; None where something of it is not there or no plain value, and nothing is equal."""
        found = tuple(value_at({"payload": payload}, path) for path in self.equal)
        return tuple(map(_spelt, found)) if all(isinstance(one, str | int | float) for one in found) else None

    def keeps_going(self, key: str, payload: Mapping[str, Any]) -> bool:
        """Whether a run of this workflow with this payload is one of those."""
        return fits_any(key, self.workflows) and condition.holds(self.when, {"payload": payload})


def fits_any(key: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(key, pattern) for pattern in patterns)


def _spelt(value: Any) -> tuple[str, Any]:
    """1 is 1.0, but neither "1" nor true."""
    kind = "bool" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"
    return kind, value


def _without_defaults(one: Any) -> dict[str, Any]:
    said = {field.name: getattr(one, field.name) for field in fields(one)}
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in said.items()}
    kept = {field.name for field in fields(one) if getattr(one, field.name) not in ((), [], field.default)}
    return {name: value for name, value in plain.items() if name in kept}
