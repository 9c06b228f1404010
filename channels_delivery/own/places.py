"""The front door to places of people's own: they add them here, prove with a code that they are theirs, and take them
away again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from notifications.kernel.schema import advice
from notifications.models import Recipient

from .. import endpoints, routes, suppression
from ..backend import Backend
from ..backends import backends
from ..models import Channel, Endpoint
from ..refusals import Invalid, NotFound, NotNow, TooMany
from ..suppression import digest
from . import codes
from .place import ADDRESS_MAX, Place

OF_A_KIND = 5
"""Places of a kind that one person may have, those that wait for their code too."""

UNPROVEN = timedelta(days=1)
"""For how long a place is kept whose code nobody says."""


@dataclass(frozen=True)
class Added:
    """A place that waits for its code, and the secrets that were made for it: to be shown now and never again."""

    endpoint: Endpoint
    issued: Mapping[str, Sequence[str]] = field(repr=False)


def addable(tenant_id: int) -> list[Backend]:
    """The kinds for which people of this tenant may add places. A query for each that needs a channel."""
    known = sorted((one for one in backends().values() if one.own), key=lambda one: one.kind)
    return [one for one in known if not one.needs_channel or _channel(one, tenant_id)]


def add(
    person: Recipient, kind: str, written: str, *, settings: Mapping[str, Any], label: str = "", now: datetime
) -> Added:
    """Note a place, and send its code there. One that is theirs already and waits for its code, or was turned off, gets
    another code. Raises Invalid by field, NotNow, TooMany."""
    backend = _backend(person, kind)
    place = _place(person, backend, written, settings)
    named = digest(person.tenant_id, kind, f"{person.pk} {place.same or place.address}")
    with transaction.atomic():
        endpoints.hold(person)
        row = Endpoint.objects.filter(tenant=person.tenant_id, kind=kind, digest=named).defer("secrets").first()
        if row is None:
            _check_room(person, kind)
            row = Endpoint(tenant=person.tenant, recipient=person, kind=kind, digest=named, created_at=now)
        elif row.verified_at is not None and row.disabled_at is None:
            raise NotNow(_("You are told there already."), code="already_there")
        else:
            _check_pace(row, now)
        row.address, row.origin, row.secrets = place.address, place.origin, dict(place.secrets)
        row.settings, row.label = dict(settings), (_plain(label) or row.label)[: endpoints.LABEL_MAX]
        row.verified_at = row.disabled_at = row.failing_since = None
        row.disabled_because, row.failures = "", 0
        row.save()
        codes.send(row, backend, now=now)
    return Added(row, place.issued)


def send_code(person: Recipient, public_id: UUID, *, now: datetime) -> Endpoint:
    """Send another code to a place that waits for one, or was turned off. Raises NotFound, NotNow, TooMany."""
    with transaction.atomic():
        row = _held(person, public_id)
        backend = _backend(person, row.kind)
        if row.verified_at is not None and row.disabled_at is None:
            raise NotNow(_("You are told there already."), code="already_there")
        _check_pace(row, now)
        _check_suppression(backend, row.address, tenant_id=row.tenant_id)
        row.verified_at, row.disabled_at, row.disabled_because = None, None, ""
        row.save(update_fields=["verified_at", "disabled_at", "disabled_because"])
        codes.send(row, backend, now=now)
    return row


def verify(person: Recipient, public_id: UUID, code: str, *, now: datetime) -> Endpoint:
    """This is the code that came there: from now on they are told there too. Raises NotFound, NotNow where none is
    awaited any more, Invalid where it is another. A wrong one counts, so this is not to be rolled back."""
    with transaction.atomic():
        row = _held(person, public_id)
        if row.verified_at is not None and row.disabled_at is None:
            return row
        awaited = row.code_until is not None and row.code_until > now and row.code_tries > 0
        right = codes.use(row, "".join(code.split()), now=now)
        if right:
            row.verified_at, row.disabled_at, row.disabled_because = now, None, ""
            row.failures, row.failing_since = 0, None
            row.save(update_fields=["verified_at", "disabled_at", "disabled_because", "failures", "failing_since"])
    if not awaited:
        raise NotNow(_("This code is good no more: ask for another one."), code="code_expired")
    if not right:
        raise Invalid(_wrong(row), code="wrong_code", errors={"code": _wrong(row)})
    return row


def listed(person: Recipient) -> list[Endpoint]:
    """Theirs, the oldest first, without their secrets; devices are not among them."""
    return list(endpoints.of_person(person, devices=False).order_by("pk").defer("secrets"))


def forget_unproven(*, now: datetime, most: int) -> int:
    """Delete places that have waited for their code for a day; how many."""
    day = now - UNPROVEN
    waited = Q(code_until__lt=day) | Q(code_until__isnull=True, created_at__lt=day)
    idle = Endpoint.objects.across_tenants().filter(waited, verified_at__isnull=True)
    chosen = list(idle.order_by("pk").values_list("pk", flat=True)[:most])
    return idle.filter(pk__in=chosen).delete()[0] if chosen else 0  # not one for which a code was asked meanwhile


def _backend(person: Recipient, kind: str) -> Backend:
    known = {one.kind: one for one in addable(person.tenant_id)}
    if kind not in known:
        told = _("Must be one of: %(kinds)s.") % {"kinds": ", ".join(known)}
        raise Invalid(_("Some fields are missing or wrong."), errors={"kind": told})
    return known[kind]


def _channel(backend: Backend, tenant_id: int) -> int:
    """The channel by which people of this tenant are told; 0 for the site's own way."""
    return routes.to_people(backend.kind, tenant_id=tenant_id).channel or 0


def _place(person: Recipient, backend: Backend, written: str, settings: Mapping[str, Any]) -> Place:
    errors: dict[str, str] = dict(advice(settings, backend.own_settings, within="settings"))
    channel = _channel(backend, person.tenant_id)
    way = Channel.objects.filter(tenant=person.tenant_id, pk=channel).values_list("settings", flat=True).first() or {}
    place = None
    try:
        if len(written) > ADDRESS_MAX:
            raise ValueError(_("Must have at most %(limit)s characters.") % {"limit": ADDRESS_MAX})
        place = backend.own_place(written.strip(), settings, way=way)
    except ValueError as error:
        errors["address"] = str(error)
    if errors or place is None:
        raise Invalid(_("Some fields are missing or wrong."), errors=errors)
    _check_suppression(backend, place.address, tenant_id=person.tenant_id)
    return place


def _check_suppression(backend: Backend, address: str, *, tenant_id: int) -> None:
    if suppression.suppressed_among(backend.kind, [address], tenant_id=tenant_id):
        told = _("Nothing is sent there any more: it bounced, or somebody there objected.")
        raise Invalid(told, code="suppressed", errors={"address": told})


def _plain(label: str) -> str:
    return label.replace("\0", "").strip()


def _held(person: Recipient, public_id: UUID) -> Endpoint:
    mine = endpoints.of_person(person, devices=False).filter(public_id=public_id)
    row = mine.select_related("tenant").select_for_update(of=("self",)).first()
    if row is None:
        raise NotFound(_("You have no such place."))
    return row


def _check_room(person: Recipient, kind: str) -> None:
    if endpoints.of_person(person, devices=False).filter(kind=kind).count() >= OF_A_KIND:
        raise NotNow(_("You have %(n)d of these already: remove one first.") % {"n": OF_A_KIND}, code="too_many_places")


def _check_pace(row: Endpoint, now: datetime) -> None:
    """A code that was just sent may still be on its way."""
    sent = codes.asked_at(row)
    if sent is not None and now < sent + codes.APART:
        wait = int((sent + codes.APART - now).total_seconds()) + 1
        told = _("A code was sent a moment ago. Ask for another one in %(n)d seconds.") % {"n": wait}
        raise TooMany(told, code="code_just_sent", retry_after=wait)


def _wrong(row: Endpoint) -> str:
    if row.code_tries < 1:
        return _("This is not the code that was sent. Ask for another one.")
    return _("This is not the code that was sent. Look again.")
