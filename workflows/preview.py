"""What a workflow would say, with sample data, on every channel. Nothing is written and nobody is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from channels_delivery.composing import Words, compose, measures_of, template_fields
from notifications import rendering
from notifications.content import Content
from notifications.kinds import INBOX, kinds
from notifications.models import Recipient, Tab, Tenant
from notifications.routing import PROFILE

from .definition import Body
from .sending.template import CONTENT_FIELDS, Rendering, Templates
from .step import Digest, event
from .tenant_facts import facts_of

ANYBODY: Mapping[str, Any] = {
    "external_id": "alex",
    "name": "Alex Example",
    "email": "alex@example.com",
    "phone": "+15550100",
    "locale": "",
    "zone": "UTC",
    "role": "member",
    "attributes": {},
}
"""Who reads a preview unless somebody is named."""


@dataclass(frozen=True)
class Reader:
    """For whom it is rendered."""

    tenant: Tenant
    profile: Mapping[str, Any] = field(default_factory=lambda: dict(ANYBODY))

    @classmethod
    def of(cls, tenant: Tenant, *, person: Recipient | None = None, locale: str = "") -> Reader:
        profile = {name: getattr(person, name) for name in PROFILE} if person else dict(ANYBODY)
        return cls(tenant, {**profile, "locale": locale or profile["locale"]})

    @property
    def locale(self) -> str:
        return str(self.profile["locale"] or self.tenant.locale)


@dataclass(frozen=True)
class Shown:
    """One send. `content` is what every channel gets, `parts` what this channel's message is made of, `measures` what
    it takes (`segments` of an SMS); `problem` is what is wrong with the words, in place of which the workflow's name
    would be sent."""

    step: str
    channel: str
    content: Content
    parts: Mapping[str, Any] = field(default_factory=dict)
    measures: Mapping[str, int] = field(default_factory=dict)
    locale: str = ""
    problem: str = ""


SECONDS_MAX = 2.0
"""For all that one preview shows. Each text has a budget of its own; a workflow may have very many."""


def preview(
    body: Body, reader: Reader, *, payload: Mapping[str, Any] | None, now: datetime, seconds: float = SECONDS_MAX
) -> list[Shown]:
    """Every send of this version, in the order of reading, with the payload or else the sample. What comes after so
    many seconds is told and not shown."""
    given, began, found = body.sample if payload is None else payload, monotonic(), list[Shown]()
    for position, step in body.walk():
        if step.get("kind") != "send":
            continue
        if monotonic() - began > seconds:
            problem = _("It is not shown: the texts before it took too long.")
            found.append(Shown(position, step["channel"], Content(title=body.name), problem=problem))
        else:
            found.append(_shown(position, step, body, reader, payload=given, now=now))
    return found


def preview_texts(
    texts: Mapping[str, Any], body: Body, reader: Reader, *, payload: Mapping[str, Any] | None, now: datetime
) -> list[Shown]:
    """These texts on every kind of channel that takes them all, as part of this workflow."""
    given = body.sample if payload is None else payload
    return [
        _shown("", {"channel": kind, "template": texts}, body, reader, payload=given, now=now)
        for kind in _takers(texts)
    ]


def _takers(texts: Mapping[str, Any]) -> Iterator[str]:
    for kind in kinds():
        if set(texts) <= set(CONTENT_FIELDS) | set(template_fields(kind)):
            yield kind


def _shown(
    position: str, step: Mapping[str, Any], body: Body, reader: Reader, *, payload: Mapping[str, Any], now: datetime
) -> Shown:
    channel = step["channel"]
    template, tab, problem = Templates.of(step, channel).pick(reader.locale), Tab[body.tab.upper()], ""
    try:
        said = template.render(_context(body, reader, payload, now), title=body.name, tab=tab)
    except rendering.TemplateProblem as error:
        said, problem = Rendering(Content(title=body.name, tab=tab), {}), str(error)
    parts = {} if channel == INBOX.key else _parts(channel, said, body, reader, payload=payload, now=now)
    return Shown(
        position,
        channel,
        said.content,
        parts,
        measures_of(channel, parts),
        template.locale,
        problem,
    )


def _parts(
    channel: str, said: Rendering, body: Body, reader: Reader, *, payload: Mapping[str, Any], now: datetime
) -> Mapping[str, Any]:
    words = Words(
        content=said.content,
        at=now,
        extra=said.extra,
        key=body.key,
        category=body.category,
        payload=payload,
        transaction_id="preview",
        tenant=reader.tenant.name,
    )
    with translation.override(said.locale) if said.locale else nullcontext():
        try:
            return compose(channel, words)
        except (LookupError, NotImplementedError):
            return {}


def _context(body: Body, reader: Reader, payload: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    return {
        "payload": payload,
        "recipient": reader.profile,
        "tenant": facts_of(reader.tenant),
        "actor": {"name": "Sam Sample"},
        "workflow": {"key": body.key, "name": body.name},
        "transaction_id": "preview",
        "digest": Digest(2, [event(payload, "Sam Sample", now)] * 2).to_json(),
        "steps": {},
    }
