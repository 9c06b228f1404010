"""The words of a `send`: rendered once for everybody whom the template cannot tell apart."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from notifications import rendering
from notifications.content import Content
from notifications.models import Tab

from ..context import NO_PROFILES, Profiles, context_for
from ..people import People
from ..step import Note, RunFacts
from .sending import Sending
from .template import Rendering

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
    scene, template = sending.scene, sending.template
    rendered, failures = [], []
    tab = Tab[scene.body.tab.upper()]
    context = context_for(scene, told, template.paths, profiles=profiles)
    for run, of_run in scene.runs:
        for values, group in context.groups(run, of_run & told):
            try:
                said = template.render(values, name=scene.body.name, tab=tab)
            except rendering.TemplateProblem as problem:
                logger.warning("render.failed workflow=%s step=%s", scene.body.key, scene.step)
                failures.append(Note(group, "template_failed", sending.channel, str(problem)[:500]))
                said = Rendering(Content(title=scene.body.name, tab=tab), {})
            rendered.append(Rendered(run, said, group))
    return rendered, failures
