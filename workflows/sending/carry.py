"""What carries rendered words: into inboxes, or as letters into the outbox, in the engine's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

from django.utils import translation

from channels_delivery import outbox
from channels_delivery.composing import Words, compose
from channels_delivery.outbox import Address, Letter
from channels_delivery.routes import Route
from notifications import inbox
from notifications.routing import Spot

from ..people import People
from ..step import Scene
from .sending import Sending
from .words import Rendered


@dataclass(frozen=True)
class PostToInbox:
    """Puts the rendered contents into inboxes."""

    rendered: Sequence[Rendered]
    origin_step: str

    def apply(self, live: People, scene: Scene) -> None:
        posts = [
            inbox.Post(
                tenant_id=scene.tenant_id,
                notice_key=scene.body.key,
                content=one.said.content,
                recipients=[scene.ids[place] for place in one.people & live],
                origin=one.run.public_id,
                origin_step=self.origin_step,
                about=one.run.about,
            )
            for one in self.rendered
        ]
        inbox.post(posts, now=scene.now)


@dataclass(frozen=True)
class Draft:
    """A letter, and where it goes for each place of the chunk that it is for."""

    letter: Letter
    people: People
    to: Mapping[int, Sequence[Address]]


@dataclass(frozen=True)
class PutIntoOutbox:
    """Enqueues the letters, each to those who are still there."""

    drafts: Sequence[Draft]

    def apply(self, live: People, scene: Scene) -> None:
        letters = [
            replace(draft.letter, to=[address for place in draft.people & live for address in draft.to[place]])
            for draft in self.drafts
        ]
        outbox.enqueue_many(letters, now=scene.now)


def letters_to_people(
    rendered: Sequence[Rendered],
    sending: Sending,
    *,
    route: Route,
    addresses: Mapping[int, tuple[Spot, ...]],
    slots: Mapping[int, Mapping[str, str]],
) -> PutIntoOutbox:
    """A letter a rendering, to each person's own addresses, with what fills its slots for them."""
    ids = sending.scene.ids
    drafts = []
    for one in rendered:
        to = {place: addresses_of(ids[place], addresses, slots) for place in one.people}
        drafts.append(Draft(_letter(one, sending, route, parts_of(one, sending)), one.people, to))
    return PutIntoOutbox(drafts)


def addresses_of(
    person: int, addresses: Mapping[int, tuple[Spot, ...]], slots: Mapping[int, Mapping[str, str]]
) -> list[Address]:
    """Every place of this person, each a delivery of its own."""
    mine = slots.get(person, {})
    return [Address(spot.address, person, {**mine, **spot.slots}, spot.lane) for spot in addresses[person]]


def letters_to_teams(rendered: Sequence[Rendered], sending: Sending, *, routes: Sequence[Route]) -> PutIntoOutbox:
    """A letter a rendering and channel, to the team's addresses."""
    to = {route: tuple(Address(address) for address in route.addresses) for route in routes}
    drafts = []
    for one in rendered:
        parts = parts_of(one, sending, to_people=False)
        drafts += [
            Draft(_letter(one, sending, route, parts), one.people, dict.fromkeys(one.people, to[route]))
            for route in routes
        ]
    return PutIntoOutbox(drafts)


def _letter(one: Rendered, sending: Sending, route: Route, parts: Mapping[str, Any]) -> Letter:
    scene, life = sending.scene, sending.expires_after
    return Letter(
        tenant_id=scene.tenant_id,
        kind=sending.channel,
        notice_key=scene.body.key,
        parts=parts,
        to=(),
        way=route.way,
        channel=route.channel,
        origin=one.run.public_id,
        origin_step=sending.origin_step,
        about=one.run.about,
        expires_at=None if life is None else scene.now + life,
    )


def parts_of(one: Rendered, sending: Sending, *, to_people: bool = True) -> Mapping[str, Any]:
    """The words as the backend of this kind sends them. What a run was triggered with may hold what nobody wrote for
    people, so it goes to teams only."""
    scene, locale = sending.scene, one.said.locale
    words = Words(
        content=one.said.content,
        at=scene.now,
        extra=one.said.extra,
        key=scene.body.key,
        category=scene.body.category,
        payload={} if to_people else {"digest": one.run.digest.to_json()} if one.run.digest else one.run.payload,
        transaction_id=one.run.transaction_id,
        tenant=scene.tenant["name"],
        critical=scene.body.critical,
    )
    with translation.override(locale) if locale else nullcontext():
        return compose(sending.channel, words)
