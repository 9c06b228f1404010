"""The ways out of the demo's companies: a webhook that leads back to this very site, and a mailing list."""

from __future__ import annotations

import base64
import secrets
from typing import Any

from django.urls import NoReverseMatch, reverse

from notifications.models import Tenant

WEBHOOK, LIST = "Webhook catcher", "Support leads"


def ways_out(northwind: Tenant, globex: Tenant, *, origin: str | None) -> None:
    """Make the channels that are missing. A webhook's address follows the port of this start."""
    from channels_delivery.backends import backends
    from workflows import registry

    everything = [workflow.key for workflow in registry.all_workflows()]
    for tenant in (northwind, globex):
        _webhook(tenant, _catcher(tenant, origin), everything)
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


def _channel(tenant: Tenant, name: str, **given: Any) -> Any:
    from channels_delivery.models import Channel

    made, _is_new = Channel.objects.filter(tenant=tenant).get_or_create(tenant=tenant, name=name, defaults=given)
    return made


def _catcher(tenant: Tenant, origin: str | None) -> str:
    try:
        return origin + reverse("catcher", args=[tenant.slug]) if origin else ""
    except NoReverseMatch:
        return ""
