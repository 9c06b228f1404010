"""What is held and due: taken under a lock, some people at a time, and written back with what became of it.

For whoever releases. Of one person everything that is due is taken together, by one releaser: who has their first row
has them all. Rows that somebody else holds, to take them back or to have them looked at again, are left to them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from notifications.kernel import rowset

from .models import Habits, HeldWords, Hold, TenantHabits
from .spread import release_at
from .verdict import Hold as Held
from .verdict import Subject

PEOPLE = 1_000
ROWS = 10_000
"""Messages taken at once, at most: who has more of them due gets the rest in a second turn."""


class Due(NamedTuple):
    """A message that is due. `words` names its `Said`. `sooner`: its person has asked for it, whatever the hour."""

    pk: int
    recipient: int
    words: int
    since: datetime
    sooner: bool = False


@dataclass(frozen=True)
class Said:
    """What the messages of one `words` have in common, as it was handed over; `at`: when they were put aside first."""

    subject: Subject
    origin: UUID
    origin_step: str
    content: Mapping[str, Any]
    skip_if_read: bool
    about: Sequence[str]
    at: datetime


@dataclass(frozen=True)
class Ended:
    """How one ended. `left_as`: the origin under which it left in a summary, `left_with` so many others."""

    end: str
    left_as: UUID | None = None
    left_with: int = 0


def people_due(tenant_id: int, *, now: datetime, most: int = PEOPLE) -> list[int]:
    """Some of this tenant's people for whom something is due, the longest due first."""
    due = Hold.objects.filter(tenant=tenant_id, ended_at__isnull=True, due_at__lte=now).order_by("due_at")
    return list(dict.fromkeys(due.values_list("recipient", flat=True)[: 4 * most]))[:most]


def take(people: Sequence[int], *, tenant_id: int, now: datetime) -> list[Due]:
    """Everything due for those of these people whom nobody else has taken, locked until the transaction ends; by
    person, in the order in which it came. Two statements."""
    hold, at = f'"{Hold._meta.db_table}"', connection.ops.adapt_datetimefield_value(now)
    locking = "FOR UPDATE OF h SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    due = "h.tenant_id = %s AND h.ended_at IS NULL AND h.due_at <= %s"
    chosen, values = rowset.any_of(connection, "h.recipient_id", people)
    with rowset.by_index(connection), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT h.recipient_id FROM (SELECT min(h.id) AS id FROM {hold} h WHERE {chosen} AND {due}"
            f" GROUP BY h.recipient_id) f JOIN {hold} h ON h.id = f.id WHERE {due}"
            f" ORDER BY h.recipient_id {locking}",
            [*values, tenant_id, at, tenant_id, at],
        )
        mine = [row[0] for row in cursor.fetchall()]
        if not mine:
            return []
        chosen, values = rowset.any_of(connection, "h.recipient_id", mine)
        cursor.execute(
            f"SELECT h.id, h.recipient_id, h.words_id, h.since, h.sooner_at IS NOT NULL FROM {hold} h"
            f" WHERE {chosen} AND {due} ORDER BY h.recipient_id, h.id LIMIT {ROWS} {locking}",
            [*values, tenant_id, at],
        )
        return [
            Due(pk, person, words, rowset.moment(since), bool(sooner))
            for pk, person, words, since, sooner in cursor.fetchall()
        ]


def said_by(words: Collection[int], *, tenant_id: int) -> dict[int, Said]:
    """What these are about, by their ids. One statement."""
    rows = HeldWords.objects.filter(tenant=tenant_id, pk__in=sorted(words)).defer("letter")
    return {
        row.pk: Said(
            row.subject,
            row.origin,
            row.origin_step,
            row.content,
            row.skip_if_read,
            tuple(row.about.splitlines()),
            row.created_at,
        )
        for row in rows
    }


def letters(words: Collection[int], *, tenant_id: int) -> dict[int, Mapping[str, Any]]:
    """What is needed to send these by themselves, as it was handed over. One statement."""
    return dict(HeldWords.objects.filter(tenant=tenant_id, pk__in=sorted(words)).values_list("pk", "letter"))


def one_by_one(people: Collection[int], *, tenant_id: int) -> set[int]:
    """Those of these people who want what was held message by message: by their own word, else by the tenant's. One
    statement."""
    chosen, values = rowset.any_of(connection, "recipient_id", sorted(people))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT recipient_id, summaries FROM {Habits._meta.db_table}"
            f" WHERE {chosen} AND tenant_id = %s AND summaries IS NOT NULL"
            f" UNION ALL SELECT NULL, summaries FROM {TenantHabits._meta.db_table}"
            " WHERE tenant_id = %s AND summaries IS NOT NULL",
            [*values, tenant_id, tenant_id],
        )
        said = dict(cursor.fetchall())
    usual = said.pop(None, True)
    return {person for person in people if not said.get(person, usual)}


def hold_on(held: Mapping[int, tuple[int, Held]]) -> None:
    """These wait further, by row: for whom, and the decision that holds them. One statement."""
    if not held:
        return
    at = connection.ops.adapt_datetimefield_value
    _write(
        "until = t.until, due_at = t.due_at, reason = t.reason",
        {
            "id": ("bigint", list(held)),
            "until": ("timestamptz", [str(at(one.until)) for _, one in held.values()]),
            "due_at": ("timestamptz", [str(at(release_at(one.until, person))) for person, one in held.values()]),
            "reason": ("text", [one.reason for _, one in held.values()]),
        },
    )


def end(ended: Mapping[int, Ended], *, now: datetime) -> None:
    """These have come to an end, by row. One statement."""
    if not ended:
        return
    at = connection.ops.adapt_datetimefield_value(now)
    _write(
        "ended_at = %s, ended_as = t.ended_as, left_as = t.left_as, left_with = t.left_with",
        {
            "id": ("bigint", list(ended)),
            "ended_as": ("text", [one.end for one in ended.values()]),
            "left_as": (
                "uuid",
                [one.left_as and rowset.uuid_text(connection, one.left_as) for one in ended.values()],
            ),
            "left_with": ("int", [one.left_with for one in ended.values()]),
        },
        at,
    )


def put_off(people: Sequence[int], *, tenant_id: int, now: datetime, until: datetime) -> None:
    """Leave what is due for these alone for a while: it could not be released."""
    due = Hold.objects.filter(tenant=tenant_id, recipient__in=people, ended_at__isnull=True, due_at__lte=now)
    due.update(due_at=until)


def _write(what: str, columns: dict[str, rowset.Column], *said: Any) -> None:
    source, values = rowset.table(connection, "t", columns)
    table = f'"{Hold._meta.db_table}"'
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {what} FROM {source} WHERE {table}.id = t.id", [*said, *values])
