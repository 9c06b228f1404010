"""The keys of devices and of people's own places, as deliveries carry them: encrypted copies, which go over to a new
encryption key like the secrets that they were copied from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from notifications.kernel.encrypted import rewritten

from .models import Delivery

KEYS = "keys"
"""Where in a delivery's slots."""


class CarriedKeys:
    """A place of `notifications.rotation`."""

    label = f"{Delivery._meta.label}.slots"

    def page(self, after: Any, size: int) -> Sequence[tuple[Any, str | None]]:
        carrying = Delivery.objects.across_tenants().filter(slots__has_key=KEYS).order_by("pk")
        rows = carrying if after is None else carrying.filter(pk__gt=after)
        return list(rows.values_list("pk", f"slots__{KEYS}")[:size])

    def rewrite(self, keys: Sequence[Any]) -> None:
        with transaction.atomic():
            rows = Delivery.objects.across_tenants().filter(pk__in=keys).order_by("pk")
            held = list(rows.select_for_update(of=("self",)).only("slots"))
            for row in held:
                row.slots[KEYS] = rewritten(row.slots[KEYS])
            Delivery.objects.across_tenants().bulk_update(held, ["slots"])


CARRIED_KEYS = CarriedKeys()
