"""Whether the settings of a step are right, with what is wrong in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from notifications import rendering
from notifications.kernel.schema import mismatches

from .condition import problems_of_condition
from .context import readable
from .payload import InvalidPayload, check_schema
from .position import LENGTH_MAX, LEVELS_MAX, branches_of, level, reading_order, spoken, walk
from .step import COMMON, Careful, Step

STEPS_MAX = 100
"""Those in branches among them."""

CONDITIONS = ("when", "if")
"""The settings that hold one, whatever the kind."""


def problems_of_steps(steps: Any, kinds: Mapping[str, Step]) -> Iterator[tuple[str, str]]:
    """Everything wrong with the steps of a definition, branches too: the position, "" where it is about all of them,
    and what it is, with its place in words: "Step 3, then, step 1: …"."""
    found = list(walk(steps))
    if not found:
        yield "", "It has no steps."
    if len(found) > STEPS_MAX:
        yield "", f"It has {len(found)} steps; {STEPS_MAX} are allowed, those in branches among them."
        return
    for position, settings in found:
        if level(position) > LEVELS_MAX or len(position) > LENGTH_MAX:
            problems = [f"it lies too deep; {LEVELS_MAX} branches may lie within each other."]
        elif not isinstance(settings, Mapping):
            problems = ["a step is an object with a `kind`."]
        else:
            problems = [
                *problems_of_settings(settings, kinds),
                *_problems_of_conditions(settings, steps, position),
                *_problems_behind_a_digest(settings, steps, position),
            ]
        yield from ((position, f"{spoken(position)}: {message}") for message in problems)
    names = Counter(str(step["name"]) for _, step in found if isinstance(step, Mapping) and "name" in step)
    for name, n in names.items():
        if n > 1:
            yield "", f"{n} steps have the name {name!r}; each needs its own."


def problems_of_settings(settings: Mapping[str, Any], steps: Mapping[str, Step]) -> Iterator[str]:
    """Against the schema of the step's kind, and every Liquid text in it by parsing it."""
    kind = str(settings.get("kind"))
    if kind not in steps:
        yield f"there is no step {kind!r}; known: {', '.join(sorted(steps))}"
        return
    common = {name: value for name, value in settings.items() if name in COMMON}
    own = {name: value for name, value in settings.items() if name not in COMMON}
    misfits = [*_misfits(common, {"properties": COMMON}), *_misfits(own, steps[kind].schema)]
    yield from misfits
    step = steps[kind]
    if not misfits and isinstance(step, Careful):
        yield from step.problems(own)
    for part, template in _templates(own):
        for where, text in texts_of(template):
            try:
                rendering.parse(text)
            except rendering.TemplateProblem as problem:
                yield f"{part} {where}: {problem}"


def _problems_behind_a_digest(settings: Mapping[str, Any], steps: Any, position: str) -> Iterator[str]:
    """A run that carries digests has the events of many people: what is done once a run cannot name one's own."""
    here = reading_order(position)
    before = (one for at, one in walk(steps) if isinstance(one, Mapping) and reading_order(at) < here)
    if not any(one.get("kind") == "digest" for one in before):
        return
    if settings.get("match"):
        yield "match: behind a digest the people of one run have different payloads, so there is nothing to compare."
    if settings.get("kind") == "fetch" and _names_an_event(settings):
        yield "url: behind a digest the people of one run have different payloads, and it is asked once for all."


def _names_an_event(settings: Mapping[str, Any]) -> bool:
    if settings.get("method") == "POST":
        return False  # it carries no payload there
    with suppress(rendering.TemplateProblem):
        paths = rendering.paths(str(settings.get("url", "")))
        return any(path.split(".")[0].split("[")[0] in ("payload", "actor") for path in paths)
    return False


def _templates(settings: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every template in these settings, however deep, with where it is; not those of steps in branches."""
    if isinstance(settings, Mapping):
        for name, value in settings.items():
            where = f"{path}.{name}" if path else str(name)
            if name in ("template", "locales"):
                yield where, value
            elif path or name not in branches_of(settings):
                yield from _templates(value, where)
    elif isinstance(settings, list | tuple):
        for place, value in enumerate(settings):
            yield from _templates(value, f"{path}[{place}]")


def _misfits(settings: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    for one in mismatches(dict(settings), dict(schema)):
        if not one.path and one.keyword in _CHOICES:
            yield f"give exactly one of these settings: {', '.join(_choices(schema))}."
            return
    try:
        check_schema(dict(settings), dict(schema))
    except InvalidPayload as error:
        yield str(error)


_CHOICES = {"oneOf", "minProperties", "maxProperties"}


def _choices(schema: Mapping[str, Any]) -> list[str]:
    """The settings of which a step has one: those that its alternatives demand, or all that stand alone."""
    demanded = [name for one in schema.get("oneOf", ()) for name in one.get("required", ())]
    dependent = {name for name, more in schema.get("dependentSchemas", {}).items() if "required" in more}
    return sorted(demanded or set(schema.get("properties", ())) - dependent)


def _problems_of_conditions(settings: Mapping[str, Any], steps: Any, position: str) -> Iterator[str]:
    for setting in CONDITIONS:
        if setting in settings:
            found = problems_of_condition(settings[setting], roots=readable(steps, position))
            yield from (f"{setting}: {message}" for message in found)


def texts_of(template: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a template, with where it stands."""
    if isinstance(template, str):
        yield where, template
    elif isinstance(template, Mapping):
        for name, value in template.items():
            yield from texts_of(value, f"{where}.{name}" if where else str(name))
    elif isinstance(template, list | tuple):
        for place, value in enumerate(template):
            yield from texts_of(value, f"{where}[{place}]")
