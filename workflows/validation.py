"""Whether the settings of a step are right, with what is wrong in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from notifications import rendering

from .payload import InvalidPayload, check_schema
from .step import Step


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
    for path, template in _templates(settings):
        for where, text in _texts(template):
            try:
                rendering.parse(text)
            except rendering.TemplateProblem as problem:
                yield f"{path} {where}: {problem}"


def _templates(settings: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every template in these settings, however deep, with where it is."""
    if isinstance(settings, Mapping):
        for name, value in settings.items():
            where = f"{path}.{name}" if path else str(name)
            if name == "template":
                yield where, value
            else:
                yield from _templates(value, where)
    elif isinstance(settings, list | tuple):
        for place, value in enumerate(settings):
            yield from _templates(value, f"{path}[{place}]")


def _texts(template: Any, where: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(template, str):
        yield where, template
    elif isinstance(template, Mapping):
        for name, value in template.items():
            yield from _texts(value, f"{where}.{name}" if where else str(name))
    elif isinstance(template, list | tuple):
        for place, value in enumerate(template):
            yield from _texts(value, f"{where}[{place}]")
