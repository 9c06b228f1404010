"""`send`: tell the people who stand here, on one channel kind."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from notifications import inbox, rendering, routing
from notifications.content import LEVELS, Action, Content
from notifications.models import Tab
from preferences.decision import Skip, Subject, decide_many

from ..people import People
from ..step import Effect, Note, Plan, RunFacts, Scene, all_next, join

logger = logging.getLogger(__name__)

_TEXT = {"type": "string"}
TEMPLATE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        **dict.fromkeys(("title", "body", "url", "icon", "image", "thread"), _TEXT),
        "level": {"enum": list(LEVELS)},
        "actions": {
            "type": "array",
            "maxItems": 5,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["label", "url"],
                "properties": {"label": _TEXT, "url": _TEXT},
            },
        },
    },
}


@dataclass(frozen=True)
class Rendered:
    """One content and the people of one run who get it."""

    run: RunFacts
    content: Content
    people: People


class Send:
    """Decides for everybody at once, renders one text for all whom it does not mention, and hands it to the channel.

    Queries: who is active, what they want. Both in sets.
    """

    kind = "send"
    schema: Mapping[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["channel"],
        "properties": {"channel": {"enum": ["inbox"]}, "template": TEMPLATE_SCHEMA},
    }

    def plan(self, settings: Mapping[str, Any], scene: Scene) -> Plan:
        sending = _Sending(scene, settings["channel"], settings.get("template", {}))
        told, skips = sending.decide()
        rendered, failures = sending.render(told)
        effect = CHANNELS[sending.channel](rendered)
        return Plan(all_next(scene), [*skips, *failures], [effect] if rendered else [])


@dataclass(frozen=True)
class PostToInbox:
    """Puts the rendered contents into inboxes."""

    rendered: Sequence[Rendered]

    def apply(self, live: People, scene: Scene) -> None:
        posts = [
            inbox.Post(
                tenant_id=scene.tenant_id,
                notice_key=scene.body.key,
                content=one.content,
                recipients=[scene.ids[place] for place in one.people & live],
                origin=one.run.public_id,
                origin_step=f"{scene.step}.{scene.round}",
            )
            for one in self.rendered
        ]
        inbox.post(posts, now=scene.now)


CHANNELS: dict[str, Callable[[Sequence[Rendered]], Effect]] = {"inbox": PostToInbox}
"""What carries a rendered message, by channel kind."""


class _Sending:
    """One `send` for one cohort: who is to be told, and with which words."""

    def __init__(self, scene: Scene, channel: str, template: Mapping[str, Any]) -> None:
        self.scene, self.channel, self.template = scene, channel, template
        self.named = _recipient_paths(template)
        self.profiles: Mapping[int, Mapping[str, Any]] = {}

    def decide(self) -> tuple[People, list[Note]]:
        """Who gets it, and the others by reason."""
        scene, body = self.scene, self.scene.body
        ids = [scene.ids[place] for place in scene.people]
        reached = routing.reach_many(sorted(set(ids)), tenant_id=scene.tenant_id, profiles=bool(self.named))
        self.profiles = reached.profiles
        subject = Subject(body.key, body.category, self.channel, body.critical)
        decisions = decide_many(subject, sorted(reached.ids), tenant_id=scene.tenant_id)
        skipped: dict[str, list[int]] = defaultdict(list)
        for place, recipient in zip(scene.people, ids, strict=True):
            decision = decisions.get(recipient)
            if decision is None:
                skipped["inactive"].append(place)
            elif isinstance(decision, Skip):
                skipped[decision.reason].append(place)
        notes = [Note(People.of(places), reason, self.channel) for reason, places in skipped.items()]
        return scene.people - join([note.people for note in notes]), notes

    def render(self, told: People) -> tuple[list[Rendered], list[Note]]:
        """The words for everybody. A template that fails costs its words, not the notice: the workflow's name is
        sent instead, and what went wrong is noted."""
        rendered, failures = [], []
        for run, of_run in self.scene.runs:
            for profile, group in self._groups(of_run & told):
                try:
                    content = _content(self.template, _context(self.scene, run, profile), self.scene)
                except rendering.TemplateProblem as problem:
                    logger.warning("render.failed workflow=%s step=%s", self.scene.body.key, self.scene.step)
                    failures.append(Note(group, "template_failed", self.channel, str(problem)[:500]))
                    content = Content(title=self.scene.body.name, tab=_tab(self.scene))
                rendered.append(Rendered(run, content, group))
        return rendered, failures

    def _groups(self, people: People) -> Iterator[tuple[Mapping[str, Any], People]]:
        """People whom the template cannot tell apart, each group with the profile of one of them."""
        if not self.named and people:
            yield {}, people
            return
        ids, groups = self.scene.ids, defaultdict[tuple[str, ...], list[int]](list)
        paths = sorted(self.named)
        for place in people:
            profile = self.profiles[ids[place]]
            groups[tuple(repr(_at(profile, path)) for path in paths)].append(place)
        for places in groups.values():
            yield self.profiles[ids[places[0]]], People.of(places)


def _recipient_paths(template: Mapping[str, Any]) -> frozenset[str]:
    """The recipient paths that any text of the template reads. A broken text reads none: it fails when rendered."""
    found: set[str] = set()
    for source in _texts(template):
        try:
            found.update(path for path in rendering.paths(source) if path.split(".")[0].split("[")[0] == "recipient")
        except rendering.TemplateProblem:
            continue
    return frozenset(found)


def _texts(template: Mapping[str, Any]) -> Iterator[str]:
    for value in template.values():
        if isinstance(value, str):
            yield value
        else:
            yield from (text for action in value for text in action.values())


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


def _content(template: Mapping[str, Any], context: Mapping[str, Any], scene: Scene) -> Content:
    def text(name: str) -> str:
        return rendering.render(template.get(name, ""), context)

    return Content(
        title=text("title").strip() or scene.body.name,
        body=text("body"),
        url=text("url").strip(),
        level=template.get("level", "info"),
        icon=text("icon"),
        image=text("image").strip(),
        actor=str(context["actor"]["name"]),
        actions=tuple(
            Action(rendering.render(action["label"], context), rendering.render(action["url"], context).strip())
            for action in template.get("actions", ())
        ),
        thread=text("thread").strip(),
        tab=_tab(scene),
    )


def _tab(scene: Scene) -> Tab:
    return Tab[scene.body.tab.upper()]


STEP = Send()
