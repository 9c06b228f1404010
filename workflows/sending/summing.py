"""Summaries of what was held, as letters: the words of `summary.py`, rendered as those of any `send` are.

To the rendering they are a run of that workflow, one for all who get the same messages. No run is stored: each message
in it is explained, and cancelled, with the run that it came from.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from channels_delivery.outbox import Letter
from channels_delivery.routes import Route
from notifications.kernel.tokens import uuid7
from notifications.kinds import Kind
from notifications.models import Tenant
from notifications.routing import Reached
from preferences.decision import Subject
from preferences.due import Said

from ..catalogue import in_force
from ..definition import Body
from ..people import People
from ..step import RunFacts, Scene
from ..summary import KEY, payload_of
from ..tenant_facts import facts_of
from .carry import letters_to_people
from .links import Slots, slots_for
from .sending import Sending
from .words import render_for

Pile = tuple[Sequence[Said], Sequence[int]]
"""Messages, and the people who get them together."""


def letters_of_summaries(
    piles: Sequence[Pile],
    tenant: Tenant,
    *,
    kind: Kind,
    route: Route,
    reached: Reached,
    now: datetime,
    bound: Collection[int] = (),
) -> list[Letter]:
    """One letter for each pile and rendering, each with an origin of its own: by it a summary is found again. `bound`:
    who gets something of it whatever they chose. One statement, for the tenant's templates."""
    _, body = in_force([KEY], tenant=tenant)[KEY]
    step, settings = _step_of(body, kind)
    ids = [person for _, people in piles for person in people]
    runs, latest, about = list[tuple[RunFacts, People]](), dict[UUID, datetime | None](), dict[UUID, Sequence[str]]()
    first = 0
    for messages, people in piles:
        run = _facts(len(runs), messages, now)
        latest[run.public_id] = _latest(messages)
        about[run.public_id] = [target for said in messages for target in said.about]
        runs.append((run, People.of(range(first, first + len(people)))))
        first += len(people)
    scene = Scene(
        tenant_id=tenant.pk,
        tenant=facts_of(tenant),
        body=body,
        step=step,
        round=0,
        people=People.everyone(len(ids)),
        ids=ids,
        runs=runs,
        now=now,
    )
    sending = Sending.of(settings, kind, scene)
    rendered, _failures = render_for(scene.people, sending, profiles=reached.profiles)
    slots = {one: mine for pile in piles for one, mine in _slots(pile, tenant, kind, bound).items()}
    put = letters_to_people(rendered, sending, route=route, addresses=reached.addresses, slots=slots)
    return [
        replace(
            draft.letter,
            to=[address for place in draft.people for address in draft.to[place]],
            about=about[draft.letter.origin] if draft.letter.origin else (),
            expires_at=latest[draft.letter.origin] if draft.letter.origin else None,
        )
        for draft in put.drafts
    ]


def _step_of(body: Body, kind: Kind) -> tuple[str, Mapping[str, object]]:
    """The send on this channel: there is one on each that can be held."""
    return next((position, step) for position, step in body.walk() if step.get("channel") == kind.key)


def _slots(pile: Pile, tenant: Tenant, kind: Kind, bound: Collection[int]) -> dict[int, Slots]:
    """The links of a summary: who reads it may unsubscribe where all in it is of one category, or of one workflow."""
    messages, people = pile
    subjects = {(said.subject.category, "" if said.subject.category else said.subject.workflow) for said in messages}
    category, workflow = next(iter(subjects)) if len(subjects) == 1 else ("", KEY)
    about = Subject(workflow, category, kind.key)
    return slots_for(people, about, tenant_id=tenant.pk, bound=bound if len(subjects) == 1 else people)


def _facts(number: int, messages: Sequence[Said], now: datetime) -> RunFacts:
    contents = [(said.content, said.subject.workflow, said.subject.category, said.at) for said in messages]
    return RunFacts(number, uuid7(), "", payload_of(contents), "", now)


def _latest(messages: Sequence[Said]) -> datetime | None:
    """From when on none of them is of use any more."""
    ends = [said.subject.expires_at for said in messages]
    known = [one for one in ends if one is not None]
    return max(known) if len(known) == len(ends) else None
