"""The front door to endpoints: addresses that people added themselves. Several a person; each gets its own delivery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from notifications.kernel import rowset
from notifications.models import Recipient
from notifications.models.base import TenantQuerySet
from notifications.routing import Spot

from .backends import backends
from .confidential import CODE_NOTICE
from .log import take_back
from .models import Delivery, Endpoint, Lane
from .parcel import Parcel
from .suppression import digest, reasons, suppress_many

PUSH = "push"
SOURCE = "endpoint"
"""What a kind says as its `address` when it reaches people here."""

REMOVED, PLACE_REMOVED, TURNED_OFF = "device_removed", "endpoint_removed", "endpoint_off"
"""The codes of what was cancelled because its device, or another place of somebody's own, went, or was turned off."""

LABEL_MAX = 100


def reach(kind: str, recipients: Sequence[int], *, tenant_id: int) -> dict[int, tuple[Spot, ...]]:
    """Where each of these people is reached on this kind, beside what the host knows. One query; nothing is decrypted.
    A kind by choice has a lane for each place, so that one that fails holds up none but itself."""
    backend = backends().get(kind)
    apart, sealed = backend is not None and backend.by_choice, backend is None or backend.address == SOURCE
    chosen, parameters = rowset.any_of(connection, "recipient_id", recipients)
    found: dict[int, list[Spot]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT recipient_id, address, id, secrets FROM "{Endpoint._meta.db_table}" WHERE {chosen}'
            " AND tenant_id = %s AND kind = %s AND verified_at IS NOT NULL AND disabled_at IS NULL ORDER BY id",
            [*parameters, tenant_id, kind],
        )
        for recipient, address, pk, secrets in cursor.fetchall():
            slots = {"endpoint": pk, "keys": secrets} if sealed else {"endpoint": pk}
            spot = Spot(address, slots, lane_of(kind, pk) if apart else "")
            found.setdefault(recipient, []).append(spot)
    return {recipient: tuple(spots) for recipient, spots in found.items()}


def closed_among(parcels: Sequence[Parcel]) -> dict[int, str]:
    """Those of these parcels whose endpoint was removed, became somebody else's or was turned off since they were
    enqueued, by their ids, with the code. A code goes to one that nobody has proven. One query, if any goes to one."""
    to = {parcel.id: parcel.slots["endpoint"] for parcel in parcels if "endpoint" in parcel.slots}
    if not to:
        return {}
    chosen, parameters = rowset.any_of(connection, "id", sorted(set(to.values())))
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT id, recipient_id, disabled_at IS NULL, verified_at IS NULL FROM "{Endpoint._meta.db_table}"'
            f" WHERE {chosen}",
            parameters,
        )
        there = {row[0]: row[1:] for row in cursor.fetchall()}
    closed = {}
    for parcel in parcels:
        if parcel.id not in to:
            continue
        owner, on, unproven = there.get(to[parcel.id], (None, False, False))
        if owner != parcel.recipient_id:
            closed[parcel.id] = _removed(parcel.kind)
        elif not on or (unproven and parcel.notice_key != CODE_NOTICE):
            closed[parcel.id] = TURNED_OFF
    return closed


def _removed(kind: str) -> str:
    return REMOVED if kind == PUSH else PLACE_REMOVED


def lane_of(kind: str, pk: int) -> str:
    """The key of the lane of one place."""
    return f"{kind}:own:{pk}"


def rename(person: Recipient, public_id: UUID, *, label: str, devices: bool) -> Endpoint | None:
    """Call a device, or another place, of this person so; None when it is not theirs."""
    mine = of_person(person, devices=devices).filter(public_id=public_id)
    mine.update(label=label.strip()[:LABEL_MAX])
    return mine.defer("secrets").first()


def remove(person: Recipient, public_id: UUID, *, now: datetime, devices: bool) -> bool:
    """Forget a device, or another place, of this person; whether it was there."""
    return bool(forget(of_person(person, devices=devices).filter(public_id=public_id), now))


def hold(person: Recipient) -> None:
    """One after the other, so that what a person has added can be counted."""
    list(Recipient.objects.filter(tenant=person.tenant_id, pk=person.pk).select_for_update(of=("self",)).values("pk"))


def of_person(person: Recipient, *, devices: bool) -> TenantQuerySet[Endpoint]:
    """Their devices, or the other places that they have added."""
    mine = Endpoint.objects.filter(tenant=person.tenant_id, recipient=person)
    return mine.filter(kind=PUSH) if devices else mine.exclude(kind=PUSH)


def remove_all(user_id: int, public_ids: Sequence[str], *, now: datetime) -> int:
    """Forget those of these devices that are this account's, in whatever tenant; how many there were."""
    rows = Endpoint.objects.across_tenants()
    return forget(rows.filter(recipient__user=user_id, public_id__in=public_ids), now)


def copy_devices(twins: Mapping[int, int], *, of_tenant: int, to_tenant: int, now: datetime) -> None:
    """Each person's devices and other places for their twin in another tenant, by recipient id. Without keys and at no
    real address, so that nothing can leave by the copies: for a simulation. What is suppressed is, there too. Four
    queries at most."""
    rows = Endpoint.objects.filter(tenant=of_tenant, recipient__in=list(twins), disabled_at=None).order_by("pk")
    known = list(rows.filter(verified_at__isnull=False).defer("secrets"))
    places = [(twins[one.recipient_id], one.kind, one.label) for one in known]
    copies = pretend(places, tenant_id=to_tenant, now=now)
    listed = reasons((of_tenant, one.kind, one.address) for one in known) if known else {}
    suppress_many(
        (
            (to_tenant, copy.kind, copy.address, listed[of_tenant, one.kind, one.address])
            for one, copy in zip(known, copies, strict=True)
            if (of_tenant, one.kind, one.address) in listed
        ),
        now=now,
    )


def pretend(places: Sequence[tuple[int, str, str]], *, tenant_id: int, now: datetime) -> list[Endpoint]:
    """Places that are not there, each of a person, of a kind and with a label. One query."""
    return Endpoint.objects.bulk_create(
        Endpoint(
            tenant_id=tenant_id,
            recipient_id=person,
            kind=kind,
            label=label,
            address=(address := _nowhere(kind, f"{person}-{n}")),
            digest=digest(tenant_id, kind, address),
            created_at=now,
            verified_at=now,
        )
        for n, (person, kind, label) in enumerate(places)
    )


def forget(rows: TenantQuerySet[Endpoint], now: datetime) -> int:
    """With what waits for them, which is cancelled: first that, in the order in which settling locks."""
    with transaction.atomic():
        gone = list(rows.order_by("pk").values_list("pk", "tenant_id", "recipient_id", "kind"))
        for pk, tenant, recipient, kind in gone:
            _cancel(tenant, recipient, kind, pk, now)
        return Endpoint.objects.across_tenants().filter(pk__in=[pk for pk, *_ in gone]).delete()[0]


def _cancel(tenant: int, recipient: int, kind: str, pk: int, now: datetime) -> None:
    """Looked for in the lanes of its kind, where an index has what is open."""
    backend = backends().get(kind)
    mine_alone = {"key": lane_of(kind, pk)} if backend is not None and backend.by_choice else {}
    lanes = Lane.objects.filter(tenant=tenant, **(mine_alone or {"key__startswith": f"{kind}:"}))
    open_ones = Delivery.objects.filter(tenant=tenant, lane__in=lanes, recipient=recipient, finished_at=None)
    mine = open_ones.filter(slots__endpoint=pk).order_by("pk").select_for_update(of=("self",))
    if held := list(mine.values_list("pk", flat=True)):
        chosen = Delivery.objects.filter(tenant=tenant, pk__in=held)
        chosen.update(code=_removed(kind))
        take_back(chosen, now=now)


def _nowhere(kind: str, name: str) -> str:
    return f"{name}@{kind}.invalid" if kind == "email" else f"https://{kind}.invalid/{name}"
