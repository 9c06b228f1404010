"""Limits on what is paid for: a parcel is counted against some before it leaves, and refused where one is full.

A backend says by `charges` what a parcel costs. A batch is counted in one transaction, as many statements whatever its
size, with the counters locked in the order of their keys, so that two workers never pass a limit together. Limits are
those of the channel that sends, each with counters of its own. A delivery is counted once for each channel that it
leaves by, whichever of its tries that is, and either against all limits of the channel or against none.
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
_REMEMBERED = timedelta(days=10)
"""For how long it is known that a delivery was counted: longer than it may be held between two tries."""


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


@dataclass(frozen=True)
class _Bill:
    """What a parcel is counted against. `mark` is full once that was done."""

    mark: _Item
    items: Sequence[_Item]


def too_dear(
    parcels: Sequence[Parcel],
    ways: Mapping[int | None, Outlet],
    known: Mapping[str, Backend],
    *,
    now: datetime,
) -> dict[int, Ending]:
    """Those of these parcels for which a limit is full, by id; the others are counted, unless they were for their
    channel. In a transaction of its own."""
    bills = {parcel.id: bill for parcel in parcels if (bill := _bill(parcel, ways, known, now)) is not None}
    if not bills:
        return {}
    with transaction.atomic():
        spent = _locked({_key(one): one for bill in bills.values() for one in (bill.mark, *bill.items)})
        before = dict(spent)
        back: dict[int, Ending] = {row: refusal for row, bill in bills.items() if (refusal := _counted(bill, spent))}
        _save({key: amount for key, amount in spent.items() if amount != before[key]})
    return back


def spend(
    tenant: int, kind: str, charges: Sequence[Charge], *, now: datetime, channel: int | None = None
) -> Charge | None:
    """Count these, unless one has reached its limit: that one, and nothing is counted. With a `channel` (id) together
    with what it sends. In the caller's transaction."""
    items = [_item(tenant, kind, channel, one, now) for one in charges]
    spent = _locked({_key(one): one for one in items})
    full = _full(items, spent)
    if full is None:
        _save({_key(one): spent[_key(one)] + one.charge.amount for one in items})
    return full


def _bill(
    parcel: Parcel, ways: Mapping[int | None, Outlet], known: Mapping[str, Backend], now: datetime
) -> _Bill | None:
    """None: it costs nothing, or does not leave."""
    backend, outlet = known.get(parcel.kind), ways.get(parcel.channel_id)
    if backend is None or outlet is None or outlet.paused:
        return None
    tenant, kind, channel = parcel.tenant_id, parcel.kind, parcel.channel_id
    items = [_item(tenant, kind, channel, one, now) for one in backend.charges(parcel, outlet)]
    return _Bill(_mark(parcel, now), items) if items else None


def _mark(parcel: Parcel, now: datetime) -> _Item:
    named = f"{parcel.tenant_id}\0counted\0{parcel.public_id}\0{parcel.channel_id}"
    once = Charge("delivery", 1, 1, _REMEMBERED)
    return _Item(parcel.tenant_id, hashlib.sha256(named.encode()).hexdigest(), now + _REMEMBERED, once)


def _item(tenant: int, kind: str, channel: int | None, charge: Charge, now: datetime) -> _Item:
    number = (now - _START) // charge.window
    spender = kind if channel is None else f"{kind}:{channel}"
    named = f"{tenant}\0{spender}\0{charge.key}\0{charge.window}\0{number}"
    until = _START + (number + 1) * charge.window
    return _Item(tenant, hashlib.sha256(named.encode()).hexdigest(), until, charge)


def _key(item: _Item) -> tuple[int, str]:
    return item.tenant, item.digest


def _full(items: Sequence[_Item], spent: Mapping[tuple[int, str], int]) -> Charge | None:
    """The first of these that would pass its limit."""
    return next((one.charge for one in items if spent[_key(one)] + one.charge.amount > one.charge.limit), None)


def _counted(bill: _Bill, spent: dict[tuple[int, str], int]) -> Permanent | None:
    """Count a parcel that was not yet, or say why not."""
    if spent[_key(bill.mark)]:
        return None
    if full := _full(bill.items, spent):
        what = full.key.partition(" ")[0]
        return Permanent("rate_limited", _("The channel's limit is reached (%s).") % f"{what}: {full.limit}")
    for one in (bill.mark, *bill.items):
        spent[_key(one)] += one.charge.amount
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
