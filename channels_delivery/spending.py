"""Limits on what is paid for: a parcel is counted against some before it leaves, and refused where one is full.

A backend says by `charges` what a parcel costs. A batch is counted in one transaction, as many statements whatever its
size, with the counters locked in the order of their keys, so that two workers never pass a limit together. A parcel is
counted at its first try only, and either against all of its limits or against none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.utils.translation import gettext as _

from notifications.kernel import rowset

from .models import Spending
from .outcome import Ending, Permanent
from .parcel import Parcel

if TYPE_CHECKING:
    from .backend import Backend, Outlet

_START = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Charge:
    """`amount` of at most `limit` on `key` in each `window`; windows follow each other from the start of a day."""

    key: str
    amount: int
    limit: int
    window: timedelta


@dataclass(frozen=True)
class _Item:
    tenant: int
    digest: str
    until: datetime
    charge: Charge


def too_dear(
    parcels: Sequence[Parcel],
    ways: Mapping[int | None, Outlet],
    known: Mapping[str, Backend],
    *,
    now: datetime,
) -> dict[int, Ending]:
    """Those of these parcels for which a limit is full, by id; the others are counted. In a transaction of its own."""
    wanted = {parcel.id: _items(parcel, ways, known, now) for parcel in parcels if parcel.attempt == 1}
    wanted = {row: items for row, items in wanted.items() if items}
    if not wanted:
        return {}
    with transaction.atomic():
        spent = _locked({(one.tenant, one.digest): one for items in wanted.values() for one in items})
        before = dict(spent)
        back: dict[int, Ending] = {row: refusal for row, items in wanted.items() if (refusal := _counted(items, spent))}
        _save({key: amount for key, amount in spent.items() if amount != before[key]})
    return back


def spend(tenant: int, kind: str, charges: Sequence[Charge], *, now: datetime) -> Charge | None:
    """Count these, unless one has reached its limit: that one, and nothing is counted. In the caller's transaction."""
    items = [_item(tenant, kind, one, now) for one in charges]
    spent = _locked({(one.tenant, one.digest): one for one in items})
    full = next(
        (one.charge for one in items if spent[one.tenant, one.digest] + one.charge.amount > one.charge.limit), None
    )
    if full is None:
        _save({(one.tenant, one.digest): spent[one.tenant, one.digest] + one.charge.amount for one in items})
    return full


def _items(
    parcel: Parcel, ways: Mapping[int | None, Outlet], known: Mapping[str, Backend], now: datetime
) -> list[_Item]:
    backend, outlet = known.get(parcel.kind), ways.get(parcel.channel_id)
    if backend is None or outlet is None or outlet.paused:
        return []
    return [_item(parcel.tenant_id, parcel.kind, one, now) for one in backend.charges(parcel, outlet)]


def _item(tenant: int, kind: str, charge: Charge, now: datetime) -> _Item:
    number = (now - _START) // charge.window
    named = f"{tenant}\0{kind}\0{charge.key}\0{charge.window}\0{number}"
    until = _START + (number + 1) * charge.window
    return _Item(tenant, hashlib.sha256(named.encode()).hexdigest(), until, charge)


def _counted(items: Sequence[_Item], spent: dict[tuple[int, str], int]) -> Permanent | None:
    """Count a parcel, or say why not."""
    for one in items:
        if spent[one.tenant, one.digest] + one.charge.amount > one.charge.limit:
            what = one.charge.key.partition(" ")[0]
            return Permanent("rate_limited", _("The channel's limit is reached (%s).") % f"{what}: {one.charge.limit}")
    for one in items:
        spent[one.tenant, one.digest] += one.charge.amount
    return None


def _locked(items: Mapping[tuple[int, str], _Item]) -> dict[tuple[int, str], int]:
    """What was spent until now, the counters made where they are missing, and held."""
    ordered = [items[key] for key in sorted(items)]
    Spending.objects.bulk_create(
        [Spending(tenant_id=one.tenant, digest=one.digest, until=one.until) for one in ordered],
        ignore_conflicts=True,
    )
    mine = Spending.objects.across_tenants().filter(digest__in=[one.digest for one in ordered])
    held = mine.order_by("tenant_id", "digest").select_for_update(of=("self",))
    return {(row.tenant_id, row.digest): row.amount for row in held}


def _save(spent: Mapping[tuple[int, str], int]) -> None:
    table, keys = f'"{Spending._meta.db_table}"', list(spent)
    source, parameters = rowset.table(
        connection,
        "t",
        {
            "digest": ("text", [digest for _, digest in keys]),
            "amount": ("bigint", [spent[key] for key in keys]),
        },
    )
    with connection.cursor() as cursor:  # tenant and window are in the hash
        cursor.execute(
            f"UPDATE {table} SET amount = t.amount FROM {source} WHERE {table}.digest = t.digest", parameters
        )


def forget(*, before: datetime, most: int) -> int:
    """Delete counters whose window is over; how many."""
    old = Spending.objects.across_tenants().filter(until__lt=before).order_by("until")
    chosen = list(old.values_list("pk", flat=True)[:most])
    return Spending.objects.across_tenants().filter(pk__in=chosen).delete()[0]
