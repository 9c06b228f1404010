"""The front door of receipts: what providers tell later is written beside the delivery, and feeds the suppression list.

A terminal state never changes: that a message was accepted stays true when it bounces later. What was told before
counts no second time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from django.db import IntegrityError, transaction

from notifications.live import watching

from .callbacks.event import Told
from .confidential import in_place_of, is_confidential
from .models import ERASED, Channel, Delivery, Event, Receipt
from .suppression import suppress_many, take_back_stop, wordless
from .verdicts import storable


def record(channel: Channel, told: Sequence[Told], *, now: datetime) -> int:
    """Write down what this channel's provider told; how much of it was new. As many statements, whatever its length."""
    by_digest = {_digest(channel, one.key): one for one in told}
    if not by_digest:
        return 0
    try:
        return _write(channel, by_digest, now)
    except IntegrityError:  # some of it was told at the same moment, and is there now
        return _write(channel, by_digest, now)


def of_deliveries(ids: Collection[int], *, tenant_id: int) -> dict[int, list[Receipt]]:
    """What was told of these deliveries (ids), each one's oldest first. One query."""
    found: dict[int, list[Receipt]] = {}
    for one in Receipt.objects.filter(tenant=tenant_id, delivery__in=ids).order_by("pk"):
        found.setdefault(one.delivery_id or 0, []).append(one)
    return found


def _write(channel: Channel, by_digest: Mapping[str, Told], now: datetime) -> int:
    """Raises IntegrityError where somebody else is writing some of it: then nothing of it is written."""
    with transaction.atomic():
        mine = Receipt.objects.filter(tenant=channel.tenant_id, digest__in=by_digest)
        known = set(mine.values_list("digest", flat=True))
        new = {digest: one for digest, one in by_digest.items() if digest not in known}
        about = _deliveries(channel, [one for one in new.values() if one.delivery])
        new = {digest: _discreet(one, about) for digest, one in new.items()}
        Receipt.objects.bulk_create(_receipt(channel, digest, one, about, now) for digest, one in sorted(new.items()))
        _list(channel, [one for one in new.values() if one.address], about, now)
        watching.changed([delivery.origin for delivery in about.values()])
    return len(new)


def _deliveries(channel: Channel, told: Sequence[Told]) -> dict[str, Delivery]:
    """Of this channel only: another tenant's id says nothing here."""
    ids = {one.delivery for one in told if one.delivery}
    mine = Delivery.objects.filter(tenant=channel.tenant_id, channel=channel.pk, public_id__in=ids)
    rows = mine.select_related("message").defer("slots", "message__parts", "message__attachments") if ids else ()
    return {str(one.public_id): one for one in rows}


def _discreet(one: Told, about: dict[str, Delivery]) -> Told:
    """Without the provider's words of a message that only its receiver reads."""
    delivery = about.get(str(one.delivery))
    if delivery is None or not is_confidential(delivery.message):
        return one
    return replace(one, detail=in_place_of(one.detail))


def _receipt(channel: Channel, digest: str, one: Told, about: dict[str, Delivery], now: datetime) -> Receipt:
    return Receipt(
        tenant_id=channel.tenant_id,
        channel_id=channel.pk,
        delivery=about.get(str(one.delivery)),
        event=one.event,
        provider_id=storable(one.provider_id, 100),
        detail="" if _is_erased(one, about) else storable(one.detail, 300),
        digest=digest,
        at=now,
    )


def _list(channel: Channel, told: Sequence[Told], about: dict[str, Delivery], now: datetime) -> None:
    """Put on the suppression list who is not to be written to, and take off who said START."""
    back = [one.address for one in told if one.event is Event.STARTED]
    if back:
        take_back_stop(channel.kind, back, tenant_id=channel.tenant_id)
    entries = [(channel.tenant_id, channel.kind, one.address, _reason(one, about)) for one in told if one.suppress]
    if entries:
        suppress_many(entries, now=now)


def _reason(one: Told, about: dict[str, Delivery]) -> str:
    said = storable(one.detail or one.event)
    return wordless(said) if _is_erased(one, about) else said


def _is_erased(one: Told, about: dict[str, Delivery]) -> bool:
    """Whether no words may be kept of it, as the person was erased."""
    delivery = about.get(str(one.delivery))
    return delivery is not None and delivery.address.startswith(ERASED)


def _digest(channel: Channel, key: str) -> str:
    return hashlib.sha256(f"{channel.pk}\0{key}".encode("utf-8", "replace")).hexdigest()
