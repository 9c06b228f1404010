"""What is wrong with a workflow, wherever it was written: in Python, in the admin, over HTTP or in a file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from notifications.kinds import kinds
from notifications.models import Tab

from .definition import Body
from .payload import InvalidPayload, check_bounds, check_schema, check_schema_itself
from .schema_cost import check_cost
from .step import Step
from .validation import problems_of_steps

KEY_MAX, NAME_MAX, SCHEMA_MAX = 100, 200, 64 * 1024

_KEY = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._:-]{{0,{KEY_MAX - 1}}}")
KEY_FORM = f"1 to {KEY_MAX} letters, digits, `.`, `_`, `:` and `-`, the first a letter or digit."


@dataclass(frozen=True)
class Flaw:
    """`where`: the field, as `steps[1]` or `name`."""

    where: str
    message: str


def flaws_of(body: Body, steps: Mapping[str, Step]) -> Iterator[Flaw]:
    """Everything wrong with this version of a workflow: names, schema, sample, step settings, templates. `steps` are
    the kinds of steps it may have."""
    yield from flaws_of_names(body.key, body.name)
    if body.category and not is_key(body.category):
        yield Flaw("category", f"Its category is a key: {KEY_FORM}")
    yield from _flaws_of_payload(body)
    if body.tab.upper() not in Tab.__members__:
        yield Flaw("tab", f"There is no tab {body.tab!r}.")
    if problem := problem_of_defaults(body.defaults):
        yield Flaw("defaults", problem)
    for position, message in problems_of_steps(body.steps, steps):
        yield Flaw(field_of(position), message)


def field_of(position: str) -> str:
    """Where a step stands in the JSON: "2.then.0" is `steps[2].then[0]`."""
    parts = position.split(".") if position else []
    return "steps" + "".join(f".{part}" if turn % 2 else f"[{part}]" for turn, part in enumerate(parts))


def flaws_of_names(key: Any, name: Any) -> Iterator[Flaw]:
    """What the tables would not hold, and what could not stand in an address."""
    if not is_key(key):
        yield Flaw("key", f"Its key is {KEY_FORM}")
    if not (isinstance(name, str) and 0 < len(name) <= NAME_MAX and name.isprintable()):
        yield Flaw("name", f"Its name is 1 to {NAME_MAX} printable characters.")


def problem_of_defaults(defaults: Any) -> str:
    """What is wrong with what a workflow says of people who said nothing; empty when nothing is."""
    known = {"", *(kind.key for kind in kinds().values() if kind.personal)}
    if not (isinstance(defaults, Mapping) and all(type(on) is bool for on in defaults.values())):
        return "Its defaults are channels, each with true or false; an empty name is every other."
    unknown = sorted(set(defaults) - known)
    if unknown:
        return (
            f"Its defaults name no channel to people: {', '.join(unknown)}. Known: {', '.join(sorted(known - {''}))}."
        )
    return ""


def is_key(key: Any) -> bool:
    return isinstance(key, str) and _KEY.fullmatch(key) is not None


def _flaws_of_payload(body: Body) -> Iterator[Flaw]:
    schema: Any = body.payload_schema
    try:
        if isinstance(schema, Mapping) and len(json.dumps(schema)) > SCHEMA_MAX:
            raise ValueError(f"it has more than {SCHEMA_MAX} characters.")
        check_schema_itself(schema)
        check_cost(schema)
        if body.sample:
            check_bounds(dict(body.sample))
            check_schema(dict(body.sample), schema)
    except InvalidPayload as error:
        yield Flaw("sample", f"The sample does not fit the payload schema: {error}")
    except (TypeError, ValueError) as error:
        yield Flaw("payload_schema", f"The payload schema is not usable: {error}")
