"""The few moves that the tests of the outbox need."""

import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from channels_delivery import outbox
from channels_delivery.claim import claim
from channels_delivery.models import Attempt, Delivery, Lane
from channels_delivery.outbox import Address, Letter, Way
from channels_delivery.outcome import Delivered, Ending
from channels_delivery.parcel import Parcel
from channels_delivery.retry import QUICK
from channels_delivery.settle import Result, settle
from notifications.kernel.clock import db_now
from notifications.models import Tenant

LEASE = timedelta(seconds=40)


def letter(tenant: Tenant, *addresses: str, kind: str = "scripted", **given: Any) -> Letter:
    way = given.pop("way", Way("out"))
    parts = given.pop("parts", {"body": {"type": "test.note"}})
    to = given.pop("to", None) or [Address(address) for address in addresses or ("a",)]
    return Letter(tenant.pk, kind, "test.note", parts=parts, to=to, way=way, **given)


def put(tenant: Tenant, *addresses: str, **given: Any) -> list[Delivery]:
    """Enqueue one letter; its deliveries."""
    before = set(deliveries().values_list("pk", flat=True))
    outbox.enqueue_many([letter(tenant, *addresses, **given)], now=db_now())
    return [one for one in deliveries() if one.pk not in before]


def deliveries() -> Any:
    return Delivery.objects.across_tenants().order_by("pk")


def states() -> dict[str, int]:
    return dict(Counter(deliveries().values_list("state", flat=True)))


def attempts(delivery: Delivery) -> list[str]:
    return list(Attempt.objects.filter(delivery_id=delivery.pk).order_by("no").values_list("result", flat=True))


def lane(tenant: Tenant, key: str = "out") -> Lane:
    return Lane.objects.get(tenant=tenant, key=key)


def take(slots: int = 100, *, now: datetime | None = None) -> Sequence[Parcel]:
    return claim(slots=slots, now=now or db_now(), lease=LEASE).parcels


def finish(parcels: Sequence[Parcel], outcome: Ending | None = None, *, now: datetime | None = None) -> list[Result]:
    results = [Result(parcel, outcome or Delivered(), QUICK, 0.5) for parcel in parcels]
    return settle(results, now=now or db_now())


def later(seconds: float) -> datetime:
    return db_now() + timedelta(seconds=seconds)


def let_time_come() -> None:
    """Whatever waits for its time is due, and its lane is ready and open."""
    deliveries().filter(state="pending").update(due_at=later(-1))
    Lane.objects.across_tenants().update(ready_at=later(-1), open_at=None)


def fresh_id() -> uuid.UUID:
    return uuid.uuid4()
