"""The ways out of the demo's companies: a webhook, rooms of Slack and Teams, and phones that lead back to this very
site, and a mailing list."""

from __future__ import annotations

import base64
import secrets
from typing import Any

from django.urls import NoReverseMatch, reverse

from notifications.kernel.clock import db_now
from notifications.models import Tenant

from .demo_devices import subscribe_everybody

WEBHOOK, LIST, PHONES = "Webhook catcher", "Support leads", "Phones of this demo"
ROOMS = {"slack": "#support in Slack", "teams": "Support in Teams"}
ACCOUNT = "ACdemo"
CALL_OUT, ROBOT_WATCH = "call-out", "robot-watch"


def ways_out(northwind: Tenant, globex: Tenant, *, origin: str | None) -> None:
    """Make the channels that are missing. A webhook's address follows the port of this start."""
    from channels_delivery.backends import backends
    from workflows import registry

    everything = [workflow.key for workflow in registry.all_workflows()]
    for tenant in (northwind, globex):
        _webhook(tenant, _address("catcher", tenant.slug, origin=origin), everything)
        if "sms" in backends():
            _phones(tenant, _address("phone", tenant.slug, origin=origin).rstrip("/"))
        if "push" in backends():
            subscribe_everybody(tenant, origin=origin)
    _call_out(northwind)
    if "push" in backends():
        _robot_watch(northwind)
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


def _phones(tenant: Tenant, url: str) -> None:
    """An SMS provider that is this site itself; its address follows the port of this start."""
    from channels_delivery.models import Channel

    if not url:
        return
    given = {"provider": "twilio", "account": ACCOUNT, "from": "+46701740600", "countries": ["SE", "US"], "url": url}
    channel = _channel(tenant, PHONES, kind="sms", settings=given, secrets={"token": secrets.token_urlsafe(24)})
    Channel.objects.filter(tenant=tenant, pk=channel.pk).update(
        settings={**channel.settings, "url": url}, paused_at=None, paused_because=""
    )


def _call_out(tenant: Tenant) -> None:
    """A workflow that also sends SMS and pushes, published once; what becomes of it then is the tenant's affair."""
    from workflows import dynamic
    from workflows.design import Design

    if dynamic.find(tenant, CALL_OUT) is not None:
        return
    words = {"title": "{{ payload.what }}", "body": "Please look at it now."}
    design = Design(
        "Call somebody out",
        description="Tells the inbox, by SMS, and every device.",
        critical=True,
        payload_schema={"type": "object", "properties": {"what": {"type": "string"}}, "required": ["what"]},
        sample={"what": "Cell 7 has stopped"},
        steps=[
            {"kind": "send", "channel": "inbox", "template": words},
            {"kind": "send", "channel": "sms", "template": words},
            {"kind": "send", "channel": "push", "template": words},
        ],
    )
    dynamic.publish(dynamic.create(tenant, CALL_OUT, design), now=db_now())


def _robot_watch(tenant: Tenant) -> None:
    """A workflow that sends pushes: of each robot the latest takes the place of what came before."""
    from workflows import dynamic
    from workflows.design import Design

    if dynamic.find(tenant, ROBOT_WATCH) is not None:
        return
    words = {
        "title": "{{ payload.robot }} {{ payload.state }}",
        "body": "{{ payload.where }}. Battery at {{ payload.battery }}%.",
        "thread": "robot {{ payload.robot }}",
        "url": "/inbox/",
        "actions": [{"label": "Look at it", "url": "/inbox/"}],
    }
    sample = {"robot": "R4-117", "state": "waits for help", "where": "Hall 2, by the north gate", "battery": 38}
    types = {name: {"type": "integer" if name == "battery" else "string"} for name in sample}
    design = Design(
        "Robot watch",
        description="Tells the inbox and lights up every device. Of one robot a device shows the latest.",
        payload_schema={"type": "object", "properties": types, "required": list(sample)},
        sample=sample,
        steps=[{"kind": "send", "channel": kind, "template": words} for kind in ("inbox", "push")],
    )
    dynamic.publish(dynamic.create(tenant, ROBOT_WATCH, design), now=db_now())


def _channel(tenant: Tenant, name: str, **given: Any) -> Any:
    from channels_delivery.models import Channel

    made, _is_new = Channel.objects.filter(tenant=tenant).get_or_create(tenant=tenant, name=name, defaults=given)
    return made


def _address(name: str, *args: str, origin: str | None) -> str:
    try:
        return origin + reverse(name, args=args) if origin else ""
    except NoReverseMatch:
        return ""
