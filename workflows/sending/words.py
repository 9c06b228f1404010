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
    scene = sending.scene
    rendered, failures = [], []
    for run, of_run in scene.runs:
        for template, profile, group in _groups(of_run & told, sending, profiles):
            said, problem = _said(template, _context(scene, run, profile), sending)
            if problem is not None:
                failures.append(Note(group, "template_failed", sending.channel, str(problem)[:500]))
            rendered.append(Rendered(run, said, group))
    return rendered, failures


def _said(
    template: Template, context: Mapping[str, Any], sending: Sending
) -> tuple[Rendering, rendering.TemplateProblem | None]:
    """What this template says, or else the default one, or else the workflow's name; and what went wrong first."""
    body = sending.scene.body
    tab, first = Tab[body.tab.upper()], None
    for one in (template, sending.templates.default) if template.locale else (template,):
        try:
            return one.render(context, title=body.name, tab=tab), first
        except rendering.TemplateProblem as problem:
            logger.warning("render.failed workflow=%s step=%s", body.key, sending.scene.step)
            first = first or problem
    return Rendering(Content(title=body.name, tab=tab), {}), first


def _groups(
    people: People, sending: Sending, profiles: Profiles
) -> Iterator[tuple[Template, Mapping[str, Any], People]]:
    """People whom the words cannot tell apart: of one template, with equal values where it reads some. Each group with
    the profile of one of them; teams have none."""
    for template, some in _by_language(people, sending, profiles):
        paths, ids = template.recipient_paths, sending.scene.ids
        if not paths or not profiles:
            yield template, {}, some
            continue
        groups = defaultdict[tuple[str, ...], list[int]](list)
        for place in some:
            profile = profiles[ids[place]]
            groups[tuple(repr(_at(profile, path)) for path in paths)].append(place)
        for places in groups.values():
            yield template, profiles[ids[places[0]]], People.of(places)


def _by_language(people: People, sending: Sending, profiles: Profiles) -> Iterator[tuple[Template, People]]:
    """Who gets which template: by the person's own language, else by the tenant's, which is also that of its teams."""
    templates, ids, usual = sending.templates, sending.scene.ids, str(sending.scene.tenant.get("locale", ""))
    if not people:
        return
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
