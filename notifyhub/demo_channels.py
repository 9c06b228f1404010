"""The ways out of the demo's companies: a webhook and rooms of Slack and Teams that lead back to this
very site, and a mailing list."""

from __future__ import annotations

import base64
import secrets
from typing import Any

from django.urls import NoReverseMatch, reverse

from notifications.models import Tenant

WEBHOOK, LIST = "Webhook catcher", "Support leads"
ROOMS = {"slack": "#support in Slack", "teams": "Support in Teams"}


def ways_out(northwind: Tenant, globex: Tenant, *, origin: str | None) -> None:
    """Make the channels that are missing. A webhook's address follows the port of this start."""
    from channels_delivery.backends import backends
    from workflows import registry

    everything = [workflow.key for workflow in registry.all_workflows()]
    for tenant in (northwind, globex):
        _webhook(tenant, _address("catcher", tenant.slug, origin=origin), everything)
    for kind in sorted(ROOMS.keys() & backends().keys()):
        for tenant in (northwind, globex):
            _room(tenant, kind, _address("chat-room", tenant.slug, kind, origin=origin), everything)
    if "email" in backends():
        to = ["support-leads@northwind.example", "night-shift@northwind.example"]
        urgent = [key for key in everything if key.startswith("session.")]
        _channel(northwind, LIST, kind="email", settings={"to": to}, workflows=urgent)


def _webhook(tenant: Tenant, url: str, workflows: list[str]) -> None:
    """A channel that a 410 has turned off is on again: a new start is a new receiver."""
    from channels_delivery.models import Channel

    if not url:
        return
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
    channel = _channel(
        tenant, WEBHOOK, kind="webhook", settings={"url": url}, secrets={"signing": [secret]}, workflows=workflows
    )
    ours = Channel.objects.filter(tenant=tenant, pk=channel.pk)
    ours.update(settings={**channel.settings, "url": url}, paused_at=None, paused_because="")


def _room(tenant: Tenant, kind: str, url: str, workflows: list[str]) -> None:
    if url:
        channel = _channel(tenant, ROOMS[kind], kind=kind, secrets={"url": url}, workflows=workflows)
        channel.secrets, channel.paused_at, channel.paused_because = {"url": url}, None, ""
        channel.save(update_fields=["secrets", "paused_at", "paused_because"])


def _channel(tenant: Tenant, name: str, **given: Any) -> Any:
    from channels_delivery.models import Channel

    made, _is_new = Channel.objects.filter(tenant=tenant).get_or_create(tenant=tenant, name=name, defaults=given)
    return made


def _address(name: str, *args: str, origin: str | None) -> str:
    try:
        return origin + reverse(name, args=args) if origin else ""
    except NoReverseMatch:
        return ""
