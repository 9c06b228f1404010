"""The words of a `send`: rendered once for everybody whom the template cannot tell apart."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from notifications import rendering
from notifications.content import Content
from notifications.models import Tab

from ..context import NO_PROFILES, Context, Profiles, context_for
from ..people import People
from ..step import Note, RunFacts
from .sending import Sending
from .template import Rendering, Template

logger = logging.getLogger(__name__)


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
    context = context_for(sending.scene, told, sending.templates.paths, profiles=profiles)
    for template, some in _by_language(told, sending, profiles):
        rendered += _rendered(template, people=some, sending=sending, context=context, failures=failures)
    return rendered, failures


def _rendered(
    template: Template, *, people: People, sending: Sending, context: Context, failures: list[Note]
) -> Iterator[Rendered]:
    """What this template says to these people; where it fails, what the default one says to each of them, and where
    that fails too, the workflow's name."""
    scene, name = sending.scene, sending.scene.body.name
    tab = Tab[scene.body.tab.upper()]
    for run, of_run in scene.runs:
        for values, group in context.groups(run, of_run & people, paths=template.paths):
            try:
                said = template.render(values, title=name, tab=tab)
            except rendering.TemplateProblem as problem:
                logger.warning("render.failed workflow=%s step=%s", scene.body.key, scene.step)
                failures.append(Note(group, "template_failed", sending.channel, str(problem)[:500]))
                if template.locale:
                    default = sending.templates.default
                    yield from _rendered(default, people=group, sending=sending, context=context, failures=failures)
                    continue
                said = Rendering(Content(title=name, tab=tab), {})
            yield Rendered(run, said, group)


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
