"""The test message of a channel: whoever has set it up sees with it whether it works."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from notifications.content import Content
from notifications.kernel.tokens import uuid7
from notifications.models import Recipient, Tenant
from notifications.trying import TEST

from . import endpoints, outbox
from .backend import Backend, Words
from .backends import backends
from .models import Channel, Delivery
from .outbox import Address, Letter
from .refusals import NotNow
from .routes import team_addresses, way_of

LIFE = timedelta(minutes=5)


def send_test(channel: Channel, *, now: datetime, person: Recipient | None = None) -> list[Delivery]:
    """Send a test message by it, before everything else that waits: to the addresses of its team, or to `person` if it
    is a way to people. The deliveries to follow. It is given up after five minutes. Raises NotNow."""
    backend = backends().get(channel.kind)
    if backend is None:
        raise NotNow(_("Nothing on this site sends this kind."), code="unknown_kind")
    if channel.paused_at is not None:
        raise NotNow(_("The channel is paused: resume it first."), code="channel_paused")
    mark, tenant = f"test.{uuid7().hex}", channel.tenant
    letter = Letter(
        tenant.pk,
        channel.kind,
        TEST,
        parts=backend.compose(Words(_hello(channel, tenant), now, key=TEST, tenant=tenant.name)),
        to=_receivers(channel, backend, person),
        way=way_of(channel, urgent=True),
        channel=channel.pk,
        origin_step=mark,
        expires_at=now + LIFE,
    )
    with transaction.atomic():
        outbox.enqueue_many([letter], now=now)
        made = Delivery.objects.filter(tenant=tenant, origin_step=mark).order_by("-pk")
        return list(made[: len(letter.to)])


def _hello(channel: Channel, tenant: Tenant) -> Content:
    said = {"channel": channel.name, "tenant": tenant.name}
    return Content(
        title=_("Test of %(channel)s") % said,
        body=_("%(tenant)s sent this to see whether the channel “%(channel)s” works. It does; nothing is to be done.")
        % said,
        level="success",
    )


def _receivers(channel: Channel, backend: Backend, person: Recipient | None) -> list[Address]:
    if team := team_addresses(backend, channel.settings, name=channel.name):
        return [Address(one) for one in team]
    if person is None:
        raise NotNow(
            _("This channel is a way to people: name somebody as `recipient`, or sign in."), code="nobody_to_test_with"
        )
    if backend.address == endpoints.SOURCE:
        spots = endpoints.reach(channel.kind, [person.pk], tenant_id=channel.tenant_id).get(person.pk, ())
        if not spots:
            raise NotNow(_("This person has no device that this channel could reach."), code="no_address")
        return [Address(one.address, person.pk, one.slots, one.lane) for one in spots]
    address = str(getattr(person, backend.address, "") if backend.address else "")
    if not address:
        raise NotNow(_("This person has no address that this channel could reach."), code="no_address")
    return [Address(address, recipient=person.pk)]
