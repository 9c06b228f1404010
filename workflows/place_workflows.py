"""What the hub tells people about places of their own: another address, a phone, their own Slack, Teams or webhook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from channels_delivery.masking import masked
from notifications.web.widgets import address

from .call import Trigger
from .channel_workflows import tell_by_tenant
from .define import Category, Workflow, send_email, send_inbox, send_webhook

if TYPE_CHECKING:
    from channels_delivery.models import Endpoint

own_places = Category("places", "Places of yours", "When one that you have added yourself does not work any more.")

DISABLED = "endpoint.disabled"


@dataclass(frozen=True)
class EndpointDisabled:
    """Somebody is told no more at a place that they have added, because of what came back."""

    place: str
    reason: str
    url: str = ""


_WHAT = (
    "{% if payload.reason == 'failing' %}For five days nothing but failures came back from there."
    "{% else %}What was sent was refused there for good.{% endif %}"
    " So it was turned off. Whatever else reaches you does so as before."
)

endpoint_disabled = Workflow(
    key=DISABLED,
    name="A place of yours was turned off",
    description="You are told no more at an address, phone or webhook of yours, because of what came back.",
    category="places",
    payload=EndpointDisabled,
    sample={"place": "https://hooks.example.com/me", "reason": "failing", "url": "/places/"},
    steps=[
        send_inbox(
            title="You are told no more at {{ payload.place }}",
            body=_WHAT,
            url="{{ payload.url }}",
            level="warning",
            icon="warning",
            thread="place:{{ payload.place }}",
            actions=[("Look at it", "{{ payload.url }}")],
        ),
        send_webhook(
            title="{{ payload.place }} was turned off",
            body=_WHAT,
            url="{{ payload.url }}",
            level="warning",
            thread="place:{{ payload.place }}",
        ),
        send_email(
            title="You are told no more at {{ payload.place }}",
            body=_WHAT,
            level="warning",
            actions=[("Look at it", "{{ payload.url }}")],
            skip_if_read=True,
        ),
    ],
)


def tell_owners(places: Sequence[Endpoint]) -> None:
    """Each owner, once for each time that a place of theirs is turned off."""
    tell_by_tenant(places, _trigger)


def _trigger(place: Endpoint) -> Trigger:
    at = place.disabled_at.isoformat() if place.disabled_at else ""
    name, page = place.label or masked(place.address), address("places")
    return Trigger(
        DISABLED,
        recipients=[place.recipient],
        payload={"place": name, "reason": place.disabled_because, "url": page},
        idempotency_key=f"{DISABLED}:{place.public_id.hex}:{at}",
    )
