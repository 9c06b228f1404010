"""The front door of the suppression list: addresses to which nothing of a kind is sent any more, because the receiving
end said so (it bounced for good, somebody complained, STOP) or somebody here did.

The outbox looks at it for every parcel, right before it leaves. An error of the database stops the parcel: no answer
is never a yes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from django.db import connection
from django.db.models.functions import Left

from notifications.kernel import rowset

from .mail.addresses import mailbox
from .models import Suppression
from .nameless import nameless

REASON_MAX = 200
STOP = "STOP"
"""What the reason begins with where the receiver said so, and may take it back."""

UNSENT = "suppressed"
"""What the last look says of a parcel to such an address, and behind it, with a colon, the reason."""

_TABLE = f'"{Suppression._meta.db_table}"'
_PHONE = re.compile(r"\+[0-9][0-9 ()./-]*")


def suppress(kind: str, addresses: Collection[str], *, tenant_id: int, reason: str = "", now: datetime) -> int:
    """Send nothing of this kind to these addresses any more; how many of them were not on the list yet."""
    return suppress_many([(tenant_id, kind, address, reason) for address in addresses], now=now)


def suppress_many(entries: Iterable[tuple[int, str, str, str]], *, now: datetime) -> int:
    """The same for (tenant, kind, address, reason) of any tenants. The first reason stands, but for a STOP, which gives
    way to any other: whoever may take back their own no must not take back what others forbade. No address stays in a
    reason: what servers and providers say repeats it, and this is to be no list of addresses."""
    listed: dict[str, tuple[int, str, str]] = {}
    for tenant, kind, address, reason in entries:
        hashed = digest(tenant, kind, address)
        if hashed not in listed or (listed[hashed][2].startswith(STOP) and not reason.startswith(STOP)):
            words = nameless(reason, address=address).replace("\0", "")
            listed[hashed] = tenant, kind, words[:REASON_MAX]
    if not listed:
        return 0
    new = len(listed) - Suppression.objects.across_tenants().filter(digest__in=listed).count()
    _write(sorted((hashed, *one) for hashed, one in listed.items()), now)
    return new


def lift(kind: str, addresses: Collection[str], *, tenant_id: int) -> int:
    """Take these addresses off the list; how many were on it."""
    digests = [one for address in addresses for one in _digests(tenant_id, kind, address)]
    return Suppression.objects.filter(tenant=tenant_id, digest__in=digests).delete()[0]


def take_back_stop(kind: str, addresses: Collection[str], *, tenant_id: int) -> int:
    """The receivers at these addresses want it again: those that said STOP are taken off the list, and nobody who is on
    it for another reason; how many."""
    digests = [one for address in addresses for one in _digests(tenant_id, kind, address)]
    mine = Suppression.objects.alias(begins=Left("reason", len(STOP)))  # LIKE looks at no capitals on SQLite
    return mine.filter(tenant=tenant_id, digest__in=digests, begins=STOP).delete()[0]


def suppressed_among(kind: str, addresses: Collection[str], *, tenant_id: int) -> set[str]:
    """Those of these addresses that are on the list, as they were given."""
    return {address for _, _, address in reasons((tenant_id, kind, address) for address in addresses)}


def reasons(asked: Iterable[tuple[int, str, str]]) -> dict[tuple[int, str, str], str]:
    """The reason of each (tenant, kind, address) that is on the list. One statement, whatever their number."""
    digests = {one: _digests(*one) for one in set(asked)}  # tenant and kind are in the hash
    sought = sorted({hashed for spelled in digests.values() for hashed in spelled})
    chosen, parameters = rowset.any_of(connection, "digest", sought, kind="text")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT digest, reason FROM {_TABLE} WHERE {chosen}", parameters)
        found = dict(cursor.fetchall())
    return {one: found[hashed] for one, spelled in digests.items() for hashed in spelled if hashed in found}


def wordless(reason: str) -> str:
    """What is kept of the reason for an address whose person was erased: whether they may take it back."""
    return STOP if reason.startswith(STOP) else ""


def in_words(reason: str) -> str:
    """What the last look says of a parcel to an address that is on the list for this reason."""
    return f"{UNSENT}: {reason}" if reason else UNSENT


def kept_unsent(code: str, detail: str) -> bool:
    """Whether that is what the last look said, and no receiver."""
    return code == "address" and detail.partition(":")[0] == UNSENT


def copy_listed(asked: Iterable[tuple[str, str]], *, of_tenant: int, to_tenant: int, now: datetime) -> None:
    """Have those of these (kind, address) that are on one tenant's list be on another's too. Three statements."""
    found = reasons((of_tenant, kind, address) for kind, address in asked)
    suppress_many(((to_tenant, kind, address, why) for (_, kind, address), why in found.items()), now=now)


def digest(tenant_id: int, kind: str, address: str) -> str:
    """SHA-256 of the address, salted by tenant and kind. Not keyed: a key that is lost or changed would let everybody
    who said no be written to again. Upper and lower case are one, but for URLs; so are a phone number's spellings, and
    an international domain and the ASCII form in which it is dialled, and named by whoever tells of it."""
    return _hashed(tenant_id, kind, _spelling(_dialled(address.strip())))


def _write(rows: Sequence[tuple[str, int, str, str]], now: datetime) -> None:
    """Each (digest, tenant, kind, reason), in the order of their digests, which is that in which they lock."""
    digests, tenants, kinds, reasons = zip(*rows, strict=True)
    columns: dict[str, rowset.Column] = {"digest": ("text", digests), "tenant": ("bigint", tenants)}
    columns |= {"kind": ("text", kinds), "reason": ("text", reasons)}
    source, parameters = rowset.table(connection, "t", columns)
    statement = (
        f"INSERT INTO {_TABLE} (digest, tenant_id, kind, reason, created_at)"
        f" SELECT t.digest, t.tenant, t.kind, t.reason, %s FROM {source} WHERE true ORDER BY t.digest"
        f" ON CONFLICT (digest, tenant_id, kind) DO UPDATE SET reason = excluded.reason"
        f" WHERE {_is_stop(f'{_TABLE}.reason')} AND NOT {_is_stop('excluded.reason')}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [connection.ops.adapt_datetimefield_value(now), *parameters])


def _is_stop(column: str) -> str:
    return f"substr({column}, 1, {len(STOP)}) = '{STOP}'"


def _digests(tenant_id: int, kind: str, address: str) -> list[str]:
    """Under which it may be listed; the one under which it is now comes last. The other is of when an international
    domain was hashed in its letters."""
    written = address.strip()
    if written.isascii():
        return [_hashed(tenant_id, kind, _spelling(written))]
    spellings = dict.fromkeys((_spelling(written), _spelling(_dialled(written))))
    return [_hashed(tenant_id, kind, one) for one in spellings]


def _hashed(tenant_id: int, kind: str, spelling: str) -> str:
    return hashlib.sha256(f"{tenant_id}\0{kind}\0{spelling}".encode()).hexdigest()


def _dialled(address: str) -> str:
    if address.isascii() or "@" not in address or "://" in address:
        return address
    try:
        return str(mailbox(address))
    except ValueError:
        return address


def _spelling(address: str) -> str:
    if _PHONE.fullmatch(address):
        return re.sub(r"[^+0-9]", "", address)
    return address if "://" in address else address.casefold()
