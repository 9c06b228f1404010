"""What people did with what an origin put into their inboxes: in sets, for whoever decides by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from .kernel import rowset
from .models import InboxItem, InboxState, Mark, Notification, State

_DEALT = (
    f"(i.state IN ({State.ARCHIVED:d}, {State.DELETED:d})"
    " OR (NOT i.forced AND (i.read_at IS NOT NULL OR i.seq <= coalesce(m.read_upto, 0))))"
)

Told = tuple[UUID, str, int]
"""Origin, its step, and the person."""


@dataclass(frozen=True)
class Reaction:
    """`seen`: the person opened the inbox since. `read`: they have dealt with the item: read it, or put it away."""

    seen: bool
    read: bool


def readers(pairs: Sequence[tuple[UUID, int]]) -> set[tuple[UUID, int]]:
    """Those of these (origin, recipient) who have dealt with what the origin put into their inbox: read it, or put it
    away unread. One statement."""
    if not pairs:
        return set()
    wanted = set(pairs)
    origins, people = zip(*wanted, strict=True)
    rows = _items(f"n.origin, i.recipient_id FROM {{items}} AND {_DEALT}", origins, people)
    return wanted & {(UUID(str(origin)), person) for origin, person in rows}


def reactions(told: Sequence[Told]) -> dict[Told, Reaction]:
    """Of these, those who got an item of that step, and what they did with it. One statement."""
    if not told:
        return {}
    wanted = set(told)
    origins, steps, people = zip(*wanted, strict=True)
    columns = (
        "n.origin, n.origin_step, i.recipient_id,"
        f" i.seq <= (SELECT seen_upto FROM {InboxState._meta.db_table} s WHERE s.recipient_id = i.recipient_id),"
        f" {_DEALT} FROM {{items}}"
    )
    found: dict[Told, Reaction] = {}
    for origin, step, person, seen, read in _items(columns, origins, people, steps):
        key = (UUID(str(origin)), step, person)
        if key in wanted:
            before = found.get(key, Reaction(False, False))
            found[key] = Reaction(before.seen or bool(seen or read), before.read or bool(read))
    return found


def _items(
    columns: str, origins: Sequence[UUID], people: Sequence[int], steps: Sequence[str] = ()
) -> Sequence[tuple[Any, ...]]:
    """Of the items (`i`) of these origins (and steps) of everybody in the range of these people, with their
    notifications and marks.

    People come in pages by id, so there are hardly others in their range, and an index says which notifications of a
    large origin have nobody there. PostgreSQL is told to ask that index once for each notification (`OFFSET 0` keeps
    the inner query whole): with statistics that are late it would plan a loop of a thousand rows within each of as
    many.
    """
    names = sorted({rowset.uuid_text(connection, origin) for origin in origins})
    among, chosen = rowset.any_of(connection, "n.origin", names, kind="uuid")
    within, of_steps = rowset.any_of(connection, "n.origin_step", sorted(set(steps)), kind="text")
    theirs = "i.notification_id = n.id AND i.recipient_id BETWEEN %s AND %s"
    joined = f"JOIN {InboxItem._meta.db_table} i ON {theirs}"
    if connection.vendor == "postgresql":
        joined = f"CROSS JOIN LATERAL (SELECT * FROM {InboxItem._meta.db_table} i WHERE {theirs} OFFSET 0) i"
    items = (
        f"{Notification._meta.db_table} n {joined}"
        f" LEFT JOIN {Mark._meta.db_table} m ON m.recipient_id = i.recipient_id AND m.tab = i.tab"
        f" WHERE {among}" + (f" AND {within}" if steps else "")
    )
    parameters = [min(people), max(people), *chosen, *(of_steps if steps else ())]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns.format(items=items)}", parameters)
        rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
    return rows
