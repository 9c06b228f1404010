"""What carries words that wait: they are put aside for those who do not want to be told now, ready to be sent; and the
letter that they become when the hold ends."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from channels_delivery.outbox import Letter
from channels_delivery.routes import Route
from notifications.routing import Reached
from preferences import holding
from preferences.decision import Hold
from preferences.due import Said

from ..people import People
from ..step import Scene
from .carry import addresses_of, parts_of
from .links import slots_for
from .sending import Sending
from .words import Rendered

if TYPE_CHECKING:
    from .people import Told

PARTS = "parts"
"""Where in the letter of what is held the words are as a backend sends them."""


@dataclass(frozen=True)
class HoldMessages:
    """Puts these aside, each for those who are still there. `held` are the decisions, by place."""

    messages: Sequence[tuple[People, holding.Message]]
    held: Mapping[int, Hold]

    def apply(self, live: People, scene: Scene) -> None:
        holding.hold_many(
            [
                replace(message, to={scene.ids[place]: self.held[place] for place in people & live})
                for people, message in self.messages
            ],
            now=scene.now,
        )


def hold_for(rendered: Sequence[Rendered], sending: Sending, told: Told) -> HoldMessages:
    """A message a rendering, for all who get these words later: rendered once, as what is sent now."""
    messages = [
        (
            waiting,
            holding.Message(
                tenant_id=sending.scene.tenant_id,
                subject=told.subject,
                origin=one.run.public_id,
                origin_step=sending.origin_step,
                content=one.said.content.to_json(),
                letter={PARTS: dict(parts_of(one, sending))},
                to={},
                skip_if_read=sending.skip_if_read,
                about=one.run.about,
            ),
        )
        for one in rendered
        if (waiting := one.people & told.later)
    ]
    return HoldMessages(messages, told.held)


def letter_of(
    said: Said,
    letter: Mapping[str, Any],
    people: Sequence[int],
    *,
    route: Route,
    reached: Reached,
    tenant_id: int,
    bound: Collection[int] = (),
) -> Letter:
    """The letter that these people would have got at once, now. `bound`: who gets it whatever they chose."""
    slots = slots_for(people, said.subject, tenant_id=tenant_id, bound=bound)
    return Letter(
        tenant_id=tenant_id,
        kind=said.subject.kind,
        notice_key=said.subject.workflow,
        parts=letter[PARTS],
        to=[to for person in people for to in addresses_of(person, reached.addresses, slots)],
        way=route.way,
        channel=route.channel,
        origin=said.origin,
        origin_step=said.origin_step,
        about=said.about,
        expires_at=said.subject.expires_at,
    )
