"""Trying out the channels of the outbox: how `notifications.trying` sends a test of them, and learns what became of
it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notifications import routing, trying
from notifications.content import Content
from notifications.kinds import Kind
from notifications.models import Recipient
from notifications.routing import Spot
from notifications.trying import TEST, Tried

from . import endpoints, outbox, routes
from .backend import Words
from .backends import backends
from .models import Delivery
from .models.delivery import ENDED_WELL, OPEN
from .outbox import Address, Letter

LIFE = timedelta(minutes=5)
"""After which a test that has not left is given up."""

_FAILED: Mapping[str, Promise] = {
    "address": gettext_lazy("It was refused for your address. Check it."),
    "auth": gettext_lazy("This channel's credentials were refused. Tell your administrator."),
    "config": gettext_lazy("This channel is not set up completely. Tell your administrator."),
    "device_removed": gettext_lazy("The device was removed."),
    "endpoint_removed": gettext_lazy("This place was removed."),
    "endpoint_off": gettext_lazy("This place was turned off, because of what came back from it."),
}


class OutboxTester:
    """See `notifications.trying.Tester`."""

    def obstacles(self, person: Recipient, asked: Sequence[Kind]) -> Mapping[str, Tried]:
        ours = [kind for kind in asked if kind.key in backends()]
        found = ((kind.key, _obstacle(person, kind)) for kind in ours)
        return {key: told for key, told in found if told is not None}

    def send(self, person: Recipient, asked: Sequence[Kind], *, test: UUID, now: datetime) -> None:
        letters = [_letter(person, kind, test, now) for kind in asked if kind.key in backends()]
        outbox.enqueue_many(letters, now=now)

    def became(self, person: Recipient, *, test: UUID) -> Mapping[str, Tried]:
        rows = Delivery.objects.filter(replay_of__isnull=True, tenant=person.tenant_id, origin=test)
        states: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for kind, state, code in rows.filter(recipient=person.pk).values_list("kind", "state", "code"):
            states[kind].append((state, code))
        return {kind: _told(kind, of_kind) for kind, of_kind in states.items()}


def _obstacle(person: Recipient, kind: Kind) -> Tried | None:
    spots = list(_spots(person, kind))
    if not spots:
        return Tried(kind.key, "not_possible", _missing(kind), "no_address")
    addresses = [one.address for one in spots]
    if len(routing.suppressed_among(kind.key, addresses, tenant_id=person.tenant_id)) < len(addresses):
        return None
    told = _("Nothing is sent to your address any more: it bounced, or somebody objected.")
    return Tried(kind.key, "not_possible", told, "suppressed")


def _missing(kind: Kind) -> str:
    match kind.address:
        case endpoints.SOURCE:
            return _("You have added no device yet.")
        case "phone":
            return _("Your organisation has no phone number of yours.")
        case _:
            return _("Your organisation has no address of yours for this channel.")


def _spots(person: Recipient, kind: Kind) -> Iterator[Spot]:
    yield from routing.reach_many(kind, [person.pk], tenant_id=person.tenant_id).addresses.get(person.pk, ())


def _letter(person: Recipient, kind: Kind, test: UUID, now: datetime) -> Letter:
    route = routes.to_people(kind.key, tenant_id=person.tenant_id, urgent=True)
    title = _("Test of %(channel)s") % {"channel": kind.name}
    content = Content(title=title, body=trying.hello(), level="success")
    return Letter(
        person.tenant_id,
        kind.key,
        TEST,
        parts=backends()[kind.key].compose(Words(content, now, key=TEST, tenant=person.tenant.name)),
        to=[Address(one.address, person.pk, one.slots, one.lane) for one in _spots(person, kind)],
        way=route.way,
        channel=route.channel,
        origin=test,
        origin_step=f"test.{kind.key}",
        expires_at=now + LIFE,
    )


def _told(kind: str, of_kind: Sequence[tuple[str, str]]) -> Tried:
    """Of several devices, one that has it is enough; else one that may still get it."""
    states = {state for state, _code in of_kind}
    if "delivered" in states:
        return Tried(kind, "arrived", _("It has arrived."))
    if states & set(ENDED_WELL):
        return Tried(kind, "accepted", _("It was handed on; have a look whether it is there."))
    if states & set(OPEN):
        return Tried(kind, "under_way", _("It is on its way."))
    code = next((code for _state, code in of_kind if code), "expired")
    told = _FAILED.get(code) or _("It could not be delivered (%s). Try again later, or tell your administrator.") % code
    return Tried(kind, "failed", str(told), code)
