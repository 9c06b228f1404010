"""The front door to devices: the browsers in which a person is told, added by that person. Each is an endpoint."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, transaction
from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from notifications.models import Recipient

from .endpoints import LABEL_MAX, PUSH, forget, hold
from .models import Endpoint
from .own.place import opened
from .push.hosts import origin_of, permitted
from .push.sealing import Keys
from .refusals import Invalid, NotNow
from .suppression import digest

DEVICES_MAX = 20


def subscribe(person: Recipient, url: str, keys: Mapping[str, str], *, label: str = "", now: datetime) -> Endpoint:
    """Send pushes for this person to this browser too, and for no other account any more. One of somebody else becomes
    theirs if they show its very keys, which only that browser has. Raises Invalid by field, NotNow."""
    checked = _checked(url, keys)
    with transaction.atomic():
        _take_from_others(person, url, checked, now)
        hold(person)
        row = _known(person, url) or Endpoint(tenant_id=person.tenant_id, kind=PUSH, created_at=now)
        if row.recipient_id != person.pk:
            _allow(row, person, checked)
        row.recipient, row.label = person, (label or row.label)[:LABEL_MAX]
        return _written(row, url, checked, now)


def refresh(
    person: Recipient, old: str, url: str, keys: Mapping[str, str], *, label: str = "", now: datetime
) -> Endpoint:
    """A browser changed its subscription: the device stays the same, with its label. Raises Invalid, NotNow."""
    checked = _checked(url, keys)
    with transaction.atomic():
        _take_from_others(person, url, checked, now)
        hold(person)
        row = _known(person, old)
        if old == url or row is None or row.recipient_id != person.pk or _known(person, url) is not None:
            return subscribe(person, url, keys, label=label, now=now)
        return _written(row, url, checked, now)


def unsubscribe(person: Recipient, url: str, *, now: datetime) -> bool:
    """Send nothing more to this browser for this person; whether it was theirs."""
    mine = Endpoint.objects.filter(tenant=person.tenant_id, kind=PUSH, digest=digest(person.tenant_id, PUSH, url))
    return bool(forget(mine.filter(recipient=person), now))


def listed(person: Recipient) -> list[Endpoint]:
    """This person's, the oldest first, without their secrets."""
    mine = Endpoint.objects.filter(tenant=person.tenant_id, recipient=person, kind=PUSH)
    return list(mine.order_by("pk").defer("secrets"))


def _checked(url: str, keys: Mapping[str, str]) -> Keys:
    errors: dict[str, str] = {}
    checked: Keys | None = None
    if not permitted(url):
        errors["endpoint"] = _("Is not an address at a push service that this site sends to, as a browser writes it.")
    try:
        checked = Keys(keys.get("p256dh", ""), keys.get("auth", ""))
    except ValueError:
        errors["keys"] = _("Are not the keys of a push subscription.")
    if errors or checked is None:
        raise Invalid(_("Some fields are missing or wrong."), errors=errors)
    return checked


def _take_from_others(person: Recipient, url: str, keys: Keys, now: datetime) -> None:
    """What other accounts have of this very subscription in other tenants goes: whoever sits at the browser would be
    shown their messages. In the person's own tenant it changes hands. Comes before all other locks, as `forget` locks
    what waits."""
    there = Endpoint.objects.across_tenants().filter(kind=PUSH, address=url).exclude(tenant=person.tenant_id)
    others = there.exclude(recipient__user=person.user_id) if person.user_id else there
    held = others.values_list("pk", Cast("secrets", TextField()))
    if same := [pk for pk, sealed in held if _opens(sealed, keys)]:
        forget(others.filter(pk__in=same), now)


def _opens(sealed: str, keys: Keys) -> bool:
    """Whether these keys lie there. By those that cannot be read any more nothing is sent."""
    try:
        return _same(opened(sealed), keys)
    except ImproperlyConfigured:
        return False


def _known(person: Recipient, url: str) -> Endpoint | None:
    rows = Endpoint.objects.filter(tenant=person.tenant_id, kind=PUSH, digest=digest(person.tenant_id, PUSH, url))
    try:
        return rows.select_for_update(of=("self",)).first()
    except ImproperlyConfigured:  # its keys cannot be read any more, and are about to be written anew
        row = rows.defer("secrets").get()
        row.secrets = {}
        return row


def _allow(row: Endpoint, person: Recipient, keys: Keys) -> None:
    """Whether this row, new or somebody else's, may become theirs."""
    if row.pk is not None and not _same(row.secrets, keys):
        raise NotNow(_("This device belongs to somebody else."), code="device_taken")
    mine = Endpoint.objects.filter(tenant=person.tenant_id, recipient=person, kind=PUSH)
    if mine.count() >= DEVICES_MAX:
        raise NotNow(
            _("You have %(limit)s devices already: remove one first.") % {"limit": DEVICES_MAX}, code="too_many_devices"
        )


def _same(held: Mapping[str, Any], keys: Keys) -> bool:
    pairs = ((held.get("p256dh", ""), keys.p256dh), (held.get("auth", ""), keys.auth))
    return all(hmac.compare_digest(one.rstrip("="), other.rstrip("=")) for one, other in pairs)


def _written(row: Endpoint, url: str, keys: Keys, now: datetime) -> Endpoint:
    row.address, row.origin, row.digest = url, origin_of(url), digest(row.tenant_id, PUSH, url)
    row.secrets = {"p256dh": keys.p256dh, "auth": keys.auth}
    row.verified_at, row.failures, row.failing_since = now, 0, None
    row.disabled_at, row.disabled_because = None, ""
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:  # somebody else subscribed it in this very moment
        raise NotNow(_("This device belongs to somebody else."), code="device_taken") from error
    return row
