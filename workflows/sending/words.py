"""The words of a `send`: rendered once for everybody whom the template cannot tell apart."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from notifications import rendering
from notifications.content import Content
from notifications.models import Tab

from ..people import People
from ..step import Note, RunFacts, Scene
from .sending import Sending
from .template import Rendering, Template

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
    rendered: list[Rendered] = []
    failures: list[Note] = []
    for template, some in _by_language(told, sending, profiles):
        for run, of_run in sending.scene.runs:
            rendered += _rendered(
                template, run=run, people=of_run & some, sending=sending, profiles=profiles, failures=failures
            )
    return rendered, failures


def _rendered(
    template: Template,
    *,
    run: RunFacts,
    people: People,
    sending: Sending,
    profiles: Profiles,
    failures: list[Note],
) -> Iterator[Rendered]:
    """What this template says to these people; where it fails, what the default one says to each of them, and where
    that fails too, the workflow's name."""
    scene, name = sending.scene, sending.scene.body.name
    tab = Tab[scene.body.tab.upper()]
    for profile, group in _groups(people, template, scene.ids, profiles):
        try:
            said = template.render(_context(scene, run, profile), title=name, tab=tab)
        except rendering.TemplateProblem as problem:
            logger.warning("render.failed workflow=%s step=%s", scene.body.key, scene.step)
            failures.append(Note(group, "template_failed", sending.channel, str(problem)[:500]))
            if template.locale:
                default = sending.templates.default
                yield from _rendered(
                    default, run=run, people=group, sending=sending, profiles=profiles, failures=failures
                )
                continue
            said = Rendering(Content(title=name, tab=tab), {})
        yield Rendered(run, said, group)


def _groups(
    people: People, template: Template, ids: Sequence[int], profiles: Profiles
) -> Iterator[tuple[Mapping[str, Any], People]]:
    """People whom the template cannot tell apart, each group with the profile of one of them. Teams have none."""
    paths = template.recipient_paths
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


def _by_language(people: People, sending: Sending, profiles: Profiles) -> Iterator[tuple[Template, People]]:
    """Who gets which template: by the person's own language, else by the tenant's, which is also that of its teams."""
    templates, ids, usual = sending.templates, sending.scene.ids, str(sending.scene.tenant.get("locale", ""))
    if not templates.by_locale or not profiles:
        yield templates.pick(usual), people
        return
    found = defaultdict[str, list[int]](list)
    picked: dict[str, Template] = {}
    for place in people:
        locale = profiles[ids[place]]["locale"] or usual
        template = picked.get(locale) or picked.setdefault(locale, templates.pick(locale))
        found[template.locale].append(place)
    for locale, places in found.items():
        yield templates.pick(locale), People.of(places)


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
    }
