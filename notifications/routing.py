"""The only place that turns people into what a channel needs to reach them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.db import connection

from .kernel import rowset
from .kinds import INBOX, Kind, kinds
from .models import Recipient

ADDRESSES = ("email", "phone")
"""The fields of a recipient in which the host says how to reach them."""

PROFILE = ("external_id", "name", "email", "phone", "locale", "zone", "role", "attributes")


@dataclass(frozen=True)
class Spot:
    """One place where a person is reached; `slots` is what its backend needs beside the address. `lane`: the one in
    which what goes there waits, where it is not that of everybody."""

    address: str
    slots: Mapping[str, Any] = field(default_factory=dict)
    lane: str = ""


class Source(Protocol):
    """Where an app above looks up the places of people of one tenant, in one query; who has none is left out."""

    def __call__(self, kind: str, recipients: Sequence[int], *, tenant_id: int) -> Mapping[int, tuple[Spot, ...]]: ...


_sources: dict[str, Source] = {}


def add_source(address: str, source: Source) -> None:
    """Ask `source` for the places of kinds whose `address` is this word: the only ones there are or, where it is a
    field of a recipient, more beside that."""
    _sources[address] = source


@dataclass(frozen=True)
class Reached:
    """Who of a set can be told on a kind. `ids`: those who can; `unreachable`: those who are here, but have no address
    for it; who is in neither is not active. `addresses` of those who can, unless it is the inbox, which needs none.
    `profiles` has the plain data of each, by recipient id, when it was asked for."""

    ids: frozenset[int]
    unreachable: frozenset[int] = frozenset()
    addresses: Mapping[int, tuple[Spot, ...]] = field(default_factory=dict)
    profiles: dict[int, dict[str, Any]] = field(default_factory=dict)


Suppressed = Callable[..., Collection[str]]
_suppression: list[Suppressed] = []


def add_suppression(source: Suppressed) -> None:
    """Have `suppressed_among()` ask this too: `source(kind, addresses, tenant_id=…)` answers with those to which
    nothing is sent any more. Called from `AppConfig.ready()` of whoever keeps such a list."""
    if source not in _suppression:
        _suppression.append(source)


def suppressed_among(kind: str, addresses: Collection[str], *, tenant_id: int) -> set[str]:
    """Those of these addresses to which nothing of this kind is sent any more. As many queries as there are lists."""
    return {one for source in _suppression for one in source(kind, addresses, tenant_id=tenant_id)}


def suppressed_everywhere(kind: str, addresses: Mapping[int, tuple[Spot, ...]], *, tenant_id: int) -> frozenset[int]:
    """Those of these people, by their places, who have no other place than such. As many queries, and none for
    nobody."""
    asked = {spot.address for spots in addresses.values() for spot in spots}
    found = suppressed_among(kind, asked, tenant_id=tenant_id) if asked else set()
    return frozenset(person for person, spots in addresses.items() if found.issuperset(spot.address for spot in spots))


def zones_of(recipients: Sequence[int], *, tenant_id: int) -> dict[int, str]:
    """The time zones of those of these people of one tenant who have one. One query."""
    chosen, parameters = rowset.any_of(connection, "id", recipients)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, zone FROM {Recipient._meta.db_table} WHERE {chosen} AND tenant_id = %s AND zone <> ''",
            [*parameters, tenant_id],
        )
        return dict(cursor.fetchall())


def reach_many(
    kind: Kind, recipients: Sequence[int], *, tenant_id: int, profiles: bool | Collection[str] = False
) -> Reached:
    """The active ones among these people of one tenant and their addresses for this kind, with their profiles if
    wanted: whole, or these fields of `PROFILE`. One query; two where people add addresses themselves. A mere address
    has an address and no inbox."""
    source = _sources.get(kind.address)
    places = source(kind.key, recipients, tenant_id=tenant_id) if source and recipients else {}
    if kind.by_choice:
        recipients = sorted(places)
        if not places:
            return Reached(frozenset())
    address = kind.address if kind.address in ADDRESSES else "''"
    wanted = PROFILE if profiles is True else [name for name in PROFILE if name in (profiles or ())]
    columns = ("id", *wanted)
    inbox = kind.key == INBOX.key
    chosen, parameters = rowset.any_of(connection, "id", recipients)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {address}, {', '.join(columns)}, ad_hoc FROM {Recipient._meta.db_table}"
            f" WHERE {chosen} AND tenant_id = %s AND (active OR ad_hoc)",
            [*parameters, tenant_id],
        )
        rows = cursor.fetchall()
    everybody = frozenset(row[1] for row in rows)
    addresses: dict[int, tuple[Spot, ...]] = {row[1]: (Spot(row[0]),) for row in rows if row[0]}
    for person in everybody & places.keys():
        addresses[person] = _each_once((*addresses.get(person, ()), *places[person]))
    able = frozenset(row[1] for row in rows if not row[-1]) if inbox else frozenset(addresses)
    found = {row[1]: dict(zip(columns, row[1:-1], strict=True)) for row in rows} if profiles else {}
    for profile in found.values() if "attributes" in columns else ():
        profile["attributes"] = json.loads(profile["attributes"])
    return Reached(able, everybody - able, addresses, found)


def offered_to(person: Recipient) -> list[Kind]:
    """The kinds on which this person can be told, or could be once somebody enters their address: all that reach
    people, but for those by choice for which they have added no place. A query for each of these."""
    return [kind for kind in kinds().values() if kind.personal and (not kind.by_choice or _has_place(kind, person))]


def _has_place(kind: Kind, person: Recipient) -> bool:
    source = _sources.get(kind.address)
    return source is not None and bool(source(kind.key, [person.pk], tenant_id=person.tenant_id))


def _each_once(spots: Sequence[Spot]) -> tuple[Spot, ...]:
    """Without those whose address came before, in whatever spelling."""
    return tuple({_spelling(spot.address): spot for spot in reversed(spots)}.values())[::-1]


def _spelling(address: str) -> str:
    """One for all that are the same: of a phone its digits, of a mail address small letters and a domain in ASCII."""
    if "://" in address:
        return address
    if address.startswith("+"):
        return re.sub(r"[^+0-9]", "", address)
    local, at, domain = address.rpartition("@")
    with suppress(UnicodeError):
        domain = domain.encode("idna").decode()
    return f"{local}{at}{domain}".casefold()
