"""The front door of the suppression list: addresses to which nothing of a kind is sent any more, because the receiving
end said so (it bounced for good, somebody complained, STOP) or somebody here did.

The outbox looks at it for every parcel, right before it leaves. An error of the database stops the parcel: no answer
is never a yes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import connection

from notifications.kernel import rowset

from .models import Suppression

REASON_MAX = 200
STOP = "STOP"
"""What the reason begins with where the receiver said so, and may take it back."""

_PHONE = re.compile(r"\+[0-9][0-9 ()./-]*")


def suppress(kind: str, addresses: Collection[str], *, tenant_id: int, reason: str = "", now: datetime) -> int:
    """Send nothing of this kind to these addresses any more; how many of them were not on the list yet."""
    return suppress_many([(tenant_id, kind, address, reason) for address in addresses], now=now)


def suppress_many(entries: Iterable[tuple[int, str, str, str]], *, now: datetime) -> int:
    """The same for (tenant, kind, address, reason) of any tenants. The first reason stands."""
    rows = {
        digest(tenant, kind, address): Suppression(
            tenant_id=tenant,
            kind=kind,
            digest=digest(tenant, kind, address),
            reason=reason[:REASON_MAX].replace("\0", ""),
            created_at=now,
        )
        for tenant, kind, address, reason in entries
    }
    listed = Suppression.objects.across_tenants().filter(digest__in=rows)
    new = len(rows) - listed.count()
    Suppression.objects.bulk_create((rows[one] for one in sorted(rows)), ignore_conflicts=True)
    return new


def lift(kind: str, addresses: Collection[str], *, tenant_id: int) -> int:
    """Take these addresses off the list; how many were on it."""
    digests = [digest(tenant_id, kind, address) for address in addresses]
    return Suppression.objects.filter(tenant=tenant_id, digest__in=digests).delete()[0]


def take_back_stop(kind: str, addresses: Collection[str], *, tenant_id: int) -> int:
    """The receivers at these addresses want it again: those that said STOP are taken off the list, and nobody who is on
    it for another reason; how many."""
    digests = [digest(tenant_id, kind, address) for address in addresses]
    mine = Suppression.objects.filter(tenant=tenant_id, digest__in=digests, reason__startswith=STOP)
    return mine.delete()[0]


def suppressed_among(kind: str, addresses: Collection[str], *, tenant_id: int) -> set[str]:
    """Those of these addresses that are on the list, as they were given."""
    return {address for _, _, address in reasons((tenant_id, kind, address) for address in addresses)}


def reasons(asked: Iterable[tuple[int, str, str]]) -> dict[tuple[int, str, str], str]:
    """The reason of each (tenant, kind, address) that is on the list. One statement, whatever their number."""
    digests = {one: digest(*one) for one in set(asked)}  # tenant and kind are in the hash
    chosen, parameters = rowset.any_of(connection, "digest", sorted(set(digests.values())), kind="text")
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT digest, reason FROM "{Suppression._meta.db_table}" WHERE {chosen}', parameters)
        found = dict(cursor.fetchall())
    return {one: found[hashed] for one, hashed in digests.items() if hashed in found}


def digest(tenant_id: int, kind: str, address: str) -> str:
    """SHA-256 of the address, salted by tenant and kind. Not keyed: a key that is lost or changed would let everybody
    who said no be written to again. Upper and lower case are one, but for URLs; so are a phone number's spellings."""
    spelling = address.strip()
    spelling = re.sub(r"[^+0-9]", "", spelling) if _PHONE.fullmatch(spelling) else spelling
    spelling = spelling if "://" in spelling else spelling.casefold()
    return hashlib.sha256(f"{tenant_id}\0{kind}\0{spelling}".encode()).hexdigest()
