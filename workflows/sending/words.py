"""The words of a `send`: rendered once for everybody whom the template cannot tell apart."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from notifications import rendering
from notifications.content import Content
from notifications.models import Tab

from ..people import People
from ..step import Note, RunFacts, Scene
from .sending import Sending
from .template import Rendering

logger = logging.getLogger(__name__)

Profiles = Mapping[int, Mapping[str, Any]]
NO_PROFILES: Profiles = MappingProxyType({})


@dataclass(frozen=True)
class Rendered:
    """One rendering, and the people of one run who get it."""

    run: RunFacts
    said: Rendering
    people: People


def render_for(
    told: People, sending: Sending, *, profiles: Profiles = NO_PROFILES
) -> tuple[list[Rendered], list[Note]]:
    """The words for these people. A template that fails costs its words, not the notice: the workflow's name is sent
    instead, and what went wrong is noted."""
    scene, template = sending.scene, sending.template
    rendered, failures = [], []
    tab = Tab[scene.body.tab.upper()]
    for run, of_run in scene.runs:
        for profile, group in _groups(of_run & told, sending, profiles):
            try:
                said = template.render(_context(scene, run, profile), name=scene.body.name, tab=tab)
            except rendering.TemplateProblem as problem:
                logger.warning("render.failed workflow=%s step=%s", scene.body.key, scene.step)
                failures.append(Note(group, "template_failed", sending.channel, str(problem)[:500]))
                said = Rendering(Content(title=scene.body.name, tab=tab), {})
            rendered.append(Rendered(run, said, group))
    return rendered, failures


def _groups(people: People, sending: Sending, profiles: Profiles) -> Iterator[tuple[Mapping[str, Any], People]]:
    """People whom the template cannot tell apart, each group with the profile of one of them. Teams have none."""
    paths, ids = sending.template.recipient_paths, sending.scene.ids
    if not people:
        return
    if not paths or not profiles:
        yield {}, people
        return
    groups = defaultdict[tuple[str, ...], list[int]](list)
    for place in people:
        profile = profiles[ids[place]]
        groups[tuple(repr(_at(profile, path)) for path in paths)].append(place)
    for places in groups.values():
        yield profiles[ids[places[0]]], People.of(places)


def _at(profile: Mapping[str, Any], path: str) -> Any:
    """The value of a plain dotted path; for any other form the whole profile, which tells everybody apart."""
    value: Any = profile
    for part in path.split(".")[1:]:
        if not isinstance(value, Mapping) or "[" in part:
            return profile
        value = value.get(part)
    return value


def _context(scene: Scene, run: RunFacts, profile: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "payload": run.payload,
        "recipient": {name: value for name, value in profile.items() if name != "id"},
        "tenant": scene.tenant,
        "actor": {"name": run.actor},
        "workflow": {"key": scene.body.key, "name": scene.body.name},
        "transaction_id": run.transaction_id,
        "digest": run.collected.to_json(),
    }
