"""Whether the settings of a step are right, with what is wrong in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from notifications import rendering

from .payload import InvalidPayload, check_schema
from .position import LENGTH_MAX, LEVELS_MAX, level, spoken, walk
from .step import Step

STEPS_MAX = 100
"""Those in branches among them."""


def problems_of_steps(steps: Any, kinds: Mapping[str, Step]) -> Iterator[str]:
    """Everything wrong with the steps of a definition, branches too, each with its place: "Step 3, then, step 1: …"."""
    found = list(walk(steps))
    if not found:
        yield "It has no steps."
    if len(found) > STEPS_MAX:
        yield f"It has {len(found)} steps; {STEPS_MAX} are allowed, those in branches among them."
    for position, settings in found:
        if level(position) > LEVELS_MAX or len(position) > LENGTH_MAX:
            yield f"{spoken(position)}: it lies too deep; {LEVELS_MAX} branches may lie within each other."
        elif not isinstance(settings, Mapping):
            yield f"{spoken(position)}: a step is an object with a `kind`."
        else:
            yield from (f"{spoken(position)}: {message}" for message in problems_of_settings(settings, kinds))


def problems_of_settings(settings: Mapping[str, Any], steps: Mapping[str, Step]) -> Iterator[str]:
    """Against the schema of the step's kind, and every Liquid text in it by parsing it."""
    kind = str(settings.get("kind"))
    if kind not in steps:
        yield f"there is no step {kind!r}; known: {', '.join(sorted(steps))}"
        return
    try:
        check_schema({name: value for name, value in settings.items() if name != "kind"}, dict(steps[kind].schema))
    except InvalidPayload as error:
        yield str(error)
    for where, text in _texts(settings.get("template", {})):
        try:
            rendering.parse(text)
        except rendering.TemplateProblem as problem:
            yield f"template {where}: {problem}"


def _texts(template: Any, where: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(template, str):
        yield where, template
    elif isinstance(template, Mapping):
        for name, value in template.items():
            yield from _texts(value, f"{where}.{name}" if where else str(name))
    elif isinstance(template, list | tuple):
        for place, value in enumerate(template):
            yield from _texts(value, f"{where}[{place}]")
