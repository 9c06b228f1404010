"""Telling people: who of them can be told and wants it, and what they are told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from channels_delivery import routes
from notifications import inbox, routing
from notifications.kinds import INBOX
from preferences.decision import Skip, Subject, decide_many

from ..context import Profiles
from ..people import NOBODY, People
from ..step import Note, Scene, join
from .carry import PostToInbox, letters_to_people
from .sending import Sending, Telling
from .sight import look
from .words import render_for


@dataclass(frozen=True)
class Told:
    """Who gets it, and the others by reason; who is to be asked about again. `sending`: as it is for those who get
    it."""

    people: People
    sending: Sending
    waiting: People = NOBODY
    notes: list[Note] = field(default_factory=list)
    addresses: Mapping[int, str] = field(default_factory=dict)
    profiles: Profiles = field(default_factory=dict)


def tell_people(people: People, sending: Sending) -> Telling:
    """Queries: who can be reached, what they want, by which way; where asked, what they have read. Each for all."""
    scene, kind = sending.scene, sending.kind
    told = decide(people, sending)
    if not told.people:
        return Telling(told.notes, waiting=told.waiting)
    sending = told.sending
    rendered, failures = render_for(told.people, sending, profiles=told.profiles)
    notes = [*told.notes, *failures]
    if kind.key == INBOX.key:
        return Telling(notes, [PostToInbox(rendered, sending.origin_step)], told.waiting)
    route = routes.to_people(kind.key, tenant_id=scene.tenant_id, urgent=scene.body.critical)
    letters = letters_to_people(rendered, sending, route=route, addresses=told.addresses)
    return Telling(notes, [letters], told.waiting)


def decide(people: People, sending: Sending) -> Told:
    """Who of these is here, has an address, wants it, may see what it is about, and has not read it yet."""
    scene, kind = sending.scene, sending.kind
    ids = {place: scene.ids[place] for place in people}
    profiles = sending.templates.needs_profiles
    reached = routing.reach_many(kind, sorted(set(ids.values())), tenant_id=scene.tenant_id, profiles=profiles)
    expires_at = None if sending.expires_after is None else scene.now + sending.expires_after
    body, default = scene.body, scene.body.default_of(kind.key)
    subject = Subject(body.key, body.category, kind.key, body.critical, expires_at, default)
    decisions = decide_many(subject, sorted(reached.ids), tenant_id=scene.tenant_id, now=scene.now)
    skipped: dict[str, list[int]] = defaultdict(list)
    for place, recipient in ids.items():
        decision = decisions.get(recipient)
        if decision is None:
            skipped["no_address" if recipient in reached.unreachable else "inactive"].append(place)
        elif isinstance(decision, Skip):
            skipped[decision.reason].append(place)
    sets = {reason: People.of(places) for reason, places in skipped.items()}
    told = people - join(list(sets.values()))
    if sending.skip_if_read and (read := _readers(told, scene)):
        told, sets["read"] = told - read, read
    seen = look(told, scene, kind.key)
    notes = [*(Note(some, reason, kind.key) for reason, some in sets.items()), *seen.notes]
    sending = replace(sending, scene=seen.scene)
    return Told(seen.people, sending, seen.waiting, notes, reached.addresses, reached.profiles)


def _readers(people: People, scene: Scene) -> People:
    """Those who have dealt with what this very run put into their inbox."""
    pairs = {place: (run.public_id, scene.ids[place]) for run, of_run in scene.runs for place in of_run & people}
    done = inbox.readers(list(pairs.values())) if pairs else set()
    return People.of(place for place, pair in pairs.items() if pair in done)
