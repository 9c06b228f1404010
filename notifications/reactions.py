"""What people did with what an origin put into their inboxes: in sets, for whoever decides by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from .kernel import rowset
from .models import InboxItem, InboxState, Mark, Notification, State

_DEALT = (
    f"(i.state IN ({State.ARCHIVED:d}, {State.DELETED:d})"
    " OR (NOT i.forced AND (i.read_at IS NOT NULL OR i.seq <= coalesce(m.read_upto, 0))))"
)
_ITEMS = (
    f" JOIN {InboxItem._meta.db_table} i ON i.notification_id = n.id AND i.recipient_id = t.person"
    f" LEFT JOIN {Mark._meta.db_table} m ON m.recipient_id = i.recipient_id AND m.tab = i.tab"
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
    source, parameters = rowset.table(
        connection,
        "t",
        {
            "origin": ("uuid", [rowset.uuid_text(connection, origin) for origin, _ in pairs]),
            "person": ("bigint", [person for _, person in pairs]),
        },
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT t.origin, t.person FROM {source}"
            f" JOIN {Notification._meta.db_table} n ON n.origin = t.origin {_ITEMS} WHERE {_DEALT}",
            parameters,
        )
        return {(UUID(str(origin)), person) for origin, person in cursor.fetchall()}


def reactions(told: Sequence[Told]) -> dict[Told, Reaction]:
    """Of these, those who got an item of that step, and what they did with it. One statement."""
    source, parameters = rowset.table(
        connection,
        "t",
        {
            "origin": ("uuid", [rowset.uuid_text(connection, origin) for origin, _, _ in told]),
            "step": ("text", [step for _, step, _ in told]),
            "person": ("bigint", [person for _, _, person in told]),
        },
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.origin, t.step, t.person, max(CASE WHEN i.seq <= s.seen_upto THEN 1 ELSE 0 END),"
            f" max(CASE WHEN {_DEALT} THEN 1 ELSE 0 END) FROM {source}"
            f" JOIN {Notification._meta.db_table} n ON n.origin = t.origin AND n.origin_step = t.step {_ITEMS}"
            f" LEFT JOIN {InboxState._meta.db_table} s ON s.recipient_id = i.recipient_id"
            " GROUP BY t.origin, t.step, t.person",
            parameters,
        )
        return {
            (UUID(str(origin)), step, person): Reaction(bool(seen or read), bool(read))
            for origin, step, person, seen, read in cursor.fetchall()
        }
