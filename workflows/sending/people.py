"""Telling people: who of them can be told and wants it, and what they are told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from channels_delivery import routes
from notifications import inbox, routing
from notifications.kinds import INBOX
from notifications.routing import Spot
from preferences.decision import Hold, Skip, Subject, decide_many

from ..context import Profiles
from ..people import NOBODY, People
from ..step import Effect, Note, Scene, join
from .carry import PostToInbox, letters_to_people
from .held import hold_for
from .links import BOUND, slots_for
from .sending import Sending, Telling
from .sight import look
from .words import render_for


@dataclass(frozen=True)
class Told:
    """Who gets it, now or when their hold ends, and the others by reason. `held` are the decisions that hold it, by
    place; `subject` is what they decided about. `waiting` are to be asked about again. `sending`: as it is for those
    who get it. `bound`: who gets it whatever they chose, by recipient id."""

    people: People
    sending: Sending
    subject: Subject
    held: Mapping[int, Hold] = field(default_factory=dict)
    waiting: People = NOBODY
    notes: list[Note] = field(default_factory=list)
    addresses: Mapping[int, tuple[Spot, ...]] = field(default_factory=dict)
    profiles: Profiles = field(default_factory=dict)
    bound: frozenset[int] = frozenset()

    @property
    def later(self) -> People:
        return People.of(self.held)


def tell_people(people: People, sending: Sending) -> Telling:
    """Queries: who can be reached, whose addresses are suppressed, what they want, by which way; where asked, what they
    have read. Each for all. What is held is put aside with its words, and whoever waits walks on."""
    scene, kind = sending.scene, sending.kind
    told = decide(people, sending)
    if not told.people:
        return Telling(told.notes, waiting=told.waiting)
    sending = told.sending
    rendered, failures = render_for(told.people, sending, profiles=told.profiles)
    notes = [*told.notes, *failures]
    if kind.key == INBOX.key:
        return Telling(notes, [PostToInbox(rendered, sending.origin_step)], told.waiting)
    effects: list[Effect] = [hold_for(rendered, sending, told)] if told.held else []
    if told.people - told.later:
        now = [replace(one, people=one.people - told.later) for one in rendered] if told.held else rendered
        route = routes.to_people(kind.key, tenant_id=scene.tenant_id, urgent=scene.body.critical)
        slots = slots_for(told.addresses, told.subject, tenant_id=scene.tenant_id, bound=told.bound)
        effects.append(letters_to_people(now, sending, route=route, addresses=told.addresses, slots=slots))
    return Telling(notes, effects, told.waiting)


def missed_by_choice(notes: Sequence[Note], people: People, sending: Sending) -> Sequence[Note]:
    """The same, but for those who have added no place for a kind by choice: they have missed nothing. One query, if any
    of these is in one."""
    kind, ids = sending.kind, sending.scene.ids
    if not kind.by_choice or not any(note.people & people for note in notes):
        return notes
    reached = routing.reach_many(kind, sorted({ids[place] for place in people}), tenant_id=sending.scene.tenant_id)
    none = People.of(place for place in people if ids[place] not in reached.ids)
    return [replace(note, people=some) for note in notes if (some := note.people - none)]


def decide(people: People, sending: Sending) -> Told:
    """Who of these is here, has an address, wants it, may see what it is about, and has not read it yet."""
    scene, kind = sending.scene, sending.kind
    ids = {place: scene.ids[place] for place in people}
    profiles = sending.templates.needs_profiles
    reached = routing.reach_many(kind, sorted(set(ids.values())), tenant_id=scene.tenant_id, profiles=profiles)
    expires_at = None if sending.expires_after is None else scene.now + sending.expires_after
    body, default = scene.body, scene.body.default_of(kind.key)
    suppressed = routing.suppressed_everywhere(kind.key, reached.addresses, tenant_id=scene.tenant_id)
    subject = Subject(body.key, body.category, kind.key, body.critical, expires_at, default, suppressed)
    if kind.by_choice:  # who has added no place for it misses nothing
        ids = {place: recipient for place, recipient in ids.items() if recipient in reached.ids}
        people = People.of(ids)
        if not people:
            return Told(NOBODY, sending, subject)
    decisions = decide_many(subject, sorted(reached.ids), tenant_id=scene.tenant_id, now=scene.now)
    skipped: dict[str, list[int]] = defaultdict(list)
    held: dict[int, Hold] = {}
    for place, recipient in ids.items():
        decision = decisions.get(recipient)
        if decision is None:
            skipped["no_address" if recipient in reached.unreachable else "inactive"].append(place)
        elif isinstance(decision, Skip):
            skipped[decision.reason].append(place)
        elif isinstance(decision, Hold):
            held[place] = decision
    sets = {reason: People.of(places) for reason, places in skipped.items()}
    told = people - join(list(sets.values()))
    if sending.skip_if_read and (read := _readers(told, scene)):
        told, sets["read"] = told - read, read
    seen = look(told, scene, kind.key)
    held = {place: decision for place, decision in held.items() if place in seen.people}
    notes = [*(Note(some, reason, kind.key) for reason, some in sets.items()), *seen.notes, *_waits(held, kind.key)]
    return Told(
        seen.people,
        replace(sending, scene=seen.scene),
        subject,
        held,
        waiting=seen.waiting,
        notes=notes,
        addresses=reached.addresses,
        profiles=reached.profiles,
        bound=frozenset(one for one, said in decisions.items() if said.why.rule in BOUND),
    )


def _waits(held: Mapping[int, Hold], channel: str) -> Iterator[Note]:
    """That they are held, for those who wait for the same in one."""
    alike: dict[tuple[str, datetime], list[int]] = defaultdict(list)
    for place, decision in held.items():
        alike[decision.reason, decision.until].append(place)
    for (reason, until), places in alike.items():
        yield Note(People.of(places), reason, channel, until=until)


def _readers(people: People, scene: Scene) -> People:
    """Those who have dealt with what this very run put into their inbox."""
    pairs = {place: (run.public_id, scene.ids[place]) for run, of_run in scene.runs for place in of_run & people}
    done = inbox.readers(list(pairs.values())) if pairs else set()
    return People.of(place for place, pair in pairs.items() if pair in done)
