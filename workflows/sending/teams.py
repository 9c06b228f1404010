"""Telling teams: each run walks its steps once more as the house, for which the channels of a team are told once, and
not once a person or a chunk.

The house walks wherever the definition has a `send` of a kind for teams, or calls people in. It costs a bit in the
chunk of its run, so nobody asks beforehand whether the tenant has such a channel; the step does, and a channel set up
while the run sleeps is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from channels_delivery import routes
from notifications.kinds import kinds

from ..definition import Body
from ..people import People
from ..step import Note
from .carry import letters_to_teams
from .sending import Sending, Telling
from .words import render_for


def has_house(body: Body) -> bool:
    """Whether a run of this definition has a house: it tells teams, or a step of it calls people in once a run."""
    known = kinds()
    calls_in = "escalate" in body.step_kinds()
    return calls_in or any(channel in known and known[channel].team for channel in body.channels())


def missed(notes: Sequence[Note], house: People, sending: Sending) -> Sequence[Note]:
    """The same, but for the house where no channel of the team listens: it has missed nothing. One query, if the house
    is in any."""
    if not any(note.people & house for note in notes):
        return notes
    body = sending.scene.body
    if routes.to_teams(sending.channel, tenant_id=sending.scene.tenant_id, workflow=body.key, urgent=body.critical):
        return notes
    return [replace(note, people=note.people - house) for note in notes]


def tell_teams(house: People, sending: Sending) -> Telling:
    """One query: which channels want to hear of this workflow."""
    body, channel = sending.scene.body, sending.channel
    found = routes.to_teams(channel, tenant_id=sending.scene.tenant_id, workflow=body.key, urgent=body.critical)
    open_ones = [route for route in found if not route.paused]
    notes = [Note(house, "channel_paused", channel, route.name) for route in found if route.paused]
    if not found and not sending.kind.for_all:  # with nobody else to tell, that is worth knowing
        notes = [Note(house, "no_channel", channel)]
    if not open_ones:
        return Telling(notes)
    rendered, failures = render_for(house, sending)
    return Telling([*notes, *failures], [letters_to_teams(rendered, sending, routes=open_ones)])
