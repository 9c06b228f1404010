"""What the hub tells the admins of a tenant about its own ways out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, TypeVar

from notifications.web.widgets import address

from .call import Trigger
from .define import Category, Workflow, send_email, send_inbox, send_webhook
from .trigger import trigger_many

if TYPE_CHECKING:
    from channels_delivery.models import Channel
    from notifications.models import TenantOwned

Owned = TypeVar("Owned", bound="TenantOwned")

ways_out = Category("channels", "Channels", "When a way out of yours, like a webhook or Slack, does not work any more.")

DISABLED = "channel.disabled"


@dataclass(frozen=True)
class ChannelDisabled:
    """Nothing leaves by a channel any more, because of what came back."""

    channel: str
    kind: str
    reason: str
    url: str = ""


_WHAT = (
    "{% if payload.reason == 'gone' %}The other side says that it is gone for good, or refuses our key."
    "{% else %}For five days nothing but failures came back.{% endif %}"
    " So it was turned off, and nothing leaves by it."
)
_TO_DO = (
    "Look at the error of its latest delivery, put right its address or its key, send a test, then resume it."
    " What failed meanwhile can be sent once more from there."
)

channel_disabled = Workflow(
    key=DISABLED,
    name="Channel turned off",
    description="A channel was turned off because its receiver is gone, or failed for days.",
    category="channels",
    payload=ChannelDisabled,
    sample={
        "channel": "Support in Slack",
        "kind": "slack",
        "reason": "gone",
        "url": "/admin/notifyhub_channels_delivery/channel/7/change/",
    },
    steps=[
        send_inbox(
            title="{{ payload.channel }} was turned off",
            body=f"{_WHAT}\n\n{_TO_DO}",
            url="{{ payload.url }}",
            level="error",
            icon="warning",
            thread="channel:{{ payload.channel }}",
            actions=[("Look at it", "{{ payload.url }}")],
        ),
        send_webhook(
            title="{{ payload.channel }} was turned off",
            body=_WHAT,
            url="{{ payload.url }}",
            level="error",
            thread="channel:{{ payload.channel }}",
        ),
        send_email(
            title="{{ payload.channel }} was turned off",
            subject="Nothing leaves by {{ payload.channel }} any more",
            body=f"{_WHAT}\n\n{_TO_DO}",
            level="error",
            actions=[("Look at it", "{{ payload.url }}")],
            skip_if_read=True,
        ),
    ],
)


def tell_admins(channels: Sequence[Channel]) -> None:
    """The owners and admins of each tenant, once for each time a channel is turned off."""
    tell_by_tenant(channels, _trigger)


def tell_by_tenant(rows: Sequence[Owned], trigger_of: Callable[[Owned], Trigger]) -> None:
    """A run for each of these rows, of any tenants."""
    ordered = sorted(rows, key=lambda one: (one.tenant_id, one.pk))
    for tenant, mine in groupby(ordered, key=lambda one: one.tenant):
        trigger_many([trigger_of(one) for one in mine], tenant=tenant)


def _trigger(channel: Channel) -> Trigger:
    at = channel.paused_at.isoformat() if channel.paused_at else ""
    url = address("admin:notifyhub_channels_delivery_channel_change", channel.pk)  # where it is put right
    said = {"channel": channel.name, "kind": channel.kind, "reason": channel.paused_because, "url": url}
    return Trigger(DISABLED, payload=said, idempotency_key=f"{DISABLED}:{channel.public_id.hex}:{at}")
