"""The front door to endpoints: addresses that people added themselves. Several a person; each gets its own delivery."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, F, Max, Q, Value
from django.db.models.functions import Coalesce

from notifications.kernel import rowset
from notifications.models import Recipient
from notifications.models.base import TenantQuerySet
from notifications.routing import Spot

from .log import take_back
from .models import Delivery, Endpoint, Lane
from .outcome import Accepted, Delivered, Ending, Permanent, Temporary
from .parcel import Parcel
from .suppression import digest

logger = logging.getLogger(__name__)

PUSH = "push"
SOURCE = "endpoint"
"""What a kind says as its `address` when it reaches people here."""

REMOVED = "device_removed"
"""The code of what was cancelled because its device went."""

LABEL_MAX = 100
STRIKES, QUIET, NOTED = 3, timedelta(minutes=10), timedelta(minutes=1)


def reach(kind: str, recipients: Sequence[int], *, tenant_id: int) -> dict[int, tuple[Spot, ...]]:
    """Where each of these people is reached on this kind. One query; nothing is decrypted."""
    chosen, parameters = rowset.any_of(connection, "recipient_id", recipients)
    found: dict[int, list[Spot]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT recipient_id, address, id, secrets FROM "{Endpoint._meta.db_table}" WHERE {chosen}'
            " AND tenant_id = %s AND kind = %s AND verified_at IS NOT NULL AND disabled_at IS NULL ORDER BY id",
            [*parameters, tenant_id, kind],
        )
        for recipient, address, pk, secrets in cursor.fetchall():
            found.setdefault(recipient, []).append(Spot(address, {"endpoint": pk, "keys": secrets}))
    return {recipient: tuple(spots) for recipient, spots in found.items()}


def rename(person: Recipient, public_id: UUID, *, label: str) -> Endpoint | None:
    """Call a device of this person so; None when it is not theirs."""
    mine = Endpoint.objects.filter(tenant=person.tenant_id, recipient=person, public_id=public_id)
    mine.update(label=label.strip()[:LABEL_MAX])
    return mine.defer("secrets").first()


def remove(person: Recipient, public_id: UUID, *, now: datetime) -> bool:
    """Forget a device of this person; whether it was there."""
    mine = Endpoint.objects.filter(tenant=person.tenant_id, recipient=person, public_id=public_id)
    return bool(forget(mine, now))


def remove_all(user_id: int, public_ids: Sequence[str], *, now: datetime) -> int:
    """Forget those of these devices that are this account's, in whatever tenant; how many there were."""
    rows = Endpoint.objects.across_tenants()
    return forget(rows.filter(recipient__user=user_id, public_id__in=public_ids), now)


def copy_devices(twins: Mapping[int, int], *, of_tenant: int, to_tenant: int, now: datetime) -> None:
    """Each person's devices for their twin in another tenant, by recipient id. Without keys and at no real address, so
    that nothing can leave by the copies: for a simulation. Two queries."""
    rows = Endpoint.objects.filter(tenant=of_tenant, recipient__in=list(twins), disabled_at=None).order_by("pk")
    pretend([(twins[one.recipient_id], one.label) for one in rows.defer("secrets")], tenant_id=to_tenant, now=now)


def pretend(devices: Sequence[tuple[int, str]], *, tenant_id: int, now: datetime) -> None:
    """Devices that are not there, each of a person and with a label. One query."""
    Endpoint.objects.bulk_create(
        Endpoint(
            tenant_id=tenant_id,
            recipient_id=person,
            kind=PUSH,
            label=label,
            address=(url := f"https://push.invalid/{person}-{n}"),
            digest=digest(tenant_id, PUSH, url),
            created_at=now,
            verified_at=now,
        )
        for n, (person, label) in enumerate(devices)
    )


def learn(results: Sequence[tuple[Parcel, Ending]], *, now: datetime) -> set[int]:
    """What a batch of attempts says of its endpoints; the channels whose key their service refuses. In the transaction
    that settles the batch. Statements do not grow with the results."""
    of_endpoints = [(parcel, outcome) for parcel, outcome in results if "endpoint" in parcel.slots]
    if not of_endpoints:
        return set()
    well, gone, refused = set[int](), set[tuple[int, str]](), dict[int, Parcel]()
    for parcel, outcome in of_endpoints:
        pk = parcel.slots["endpoint"]
        match outcome:
            case Delivered() | Accepted():
                well.add(pk)
            case Permanent(forget=True):
                gone.add((pk, digest(parcel.tenant_id, parcel.kind, parcel.address)))
            case Temporary(code="auth"):
                refused[pk] = parcel
            case _:
                continue
    _note_success(well, now)
    _forget(gone)
    return _count_refusals(refused, now) if refused else set()


def forget(rows: TenantQuerySet[Endpoint], now: datetime) -> int:
    """With what waits for them, which is cancelled: first that, in the order in which settling locks."""
    with transaction.atomic():
        gone = list(rows.order_by("pk").values_list("pk", "tenant_id", "address"))
        for _pk, tenant, address in gone:
            _cancel(tenant, address, now)
        return Endpoint.objects.across_tenants().filter(pk__in=[pk for pk, *_ in gone]).delete()[0]


def _cancel(tenant: int, address: str, now: datetime) -> None:
    """Looked for in the lanes of pushes, where an index has what is open."""
    lanes = Lane.objects.filter(tenant=tenant, key__startswith=PUSH)
    open_ones = Delivery.objects.filter(tenant=tenant, lane__in=lanes, address=address, finished_at=None)
    held = list(open_ones.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))
    if held:
        chosen = Delivery.objects.filter(tenant=tenant, pk__in=held)
        chosen.update(code=REMOVED)
        take_back(chosen, now=now)


def _note_success(well: set[int], now: datetime) -> None:
    """Once a minute is often enough to know that somebody is there."""
    if not well:
        return
    stale = Q(failures__gt=0) | Q(last_ok_at=None) | Q(last_ok_at__lt=now - NOTED)
    rows = Endpoint.objects.across_tenants().filter(stale, pk__in=well)
    held = list(rows.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))
    if held:
        Endpoint.objects.across_tenants().filter(pk__in=held).update(last_ok_at=now, failures=0, failing_since=None)


def _forget(gone: set[tuple[int, str]]) -> None:
    """Those that are gone, unless they have another address by now."""
    if gone:
        rows = Endpoint.objects.across_tenants().filter(pk__in=[pk for pk, _ in gone])
        rows.filter(digest__in=[hashed for _, hashed in gone]).delete()


def _count_refusals(refused: Mapping[int, Parcel], now: datetime) -> set[int]:
    """A device that was refused three times goes, unless its service refuses everybody: then it is our key."""
    rows = Endpoint.objects.across_tenants().filter(pk__in=refused)
    held = list(rows.order_by("pk").select_for_update(of=("self",)).values_list("pk", "origin"))
    Endpoint.objects.across_tenants().filter(pk__in=[pk for pk, _ in held]).update(
        failures=F("failures") + 1, failing_since=Coalesce("failing_since", Value(now))
    )
    ours = _refusing_everybody({origin for _, origin in held}, now)
    for origin in sorted(ours):
        logger.error("push.key_refused origin=%s advice=check VAPID_PRIVATE_KEY and VAPID_SUBJECT", origin)
    alone = [pk for pk, origin in held if origin not in ours]
    Endpoint.objects.across_tenants().filter(pk__in=alone, failures__gte=STRIKES).delete()
    return {channel for pk, origin in held if origin in ours and (channel := refused[pk].channel_id)}


def _refusing_everybody(origins: set[str], now: datetime) -> set[str]:
    """Those of these where three devices fail and none succeeded for ten minutes."""
    there = Endpoint.objects.across_tenants().filter(origin__in=origins).values("origin").order_by()
    asked = there.annotate(failing=Count("pk", filter=Q(failures__gt=0)), ok=Max("last_ok_at"))
    return {
        one["origin"] for one in asked if one["failing"] >= STRIKES and (one["ok"] is None or one["ok"] < now - QUIET)
    }
