"""The front door to what is held: put messages aside, take them back, have them looked at again.

Everything here happens in the caller's transaction. Who releases what is due is an app above, by `due.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from notifications.kernel import rowset
from notifications.targets import lines

from .models import End, HeldWords, Hold
from .spread import release_at
from .verdict import Hold as Held
from .verdict import Subject

__all__ = [
    "Message",
    "cancel",
    "hold_many",
    "hurried",
    "hurry",
    "left_in",
    "look_again",
    "look_again_at_all",
    "next_due",
    "of_origin",
    "of_person",
    "still_counts",
    "summaries_with",
    "taken_apart",
]


@dataclass(frozen=True)
class Message:
    """One message and everybody for whom it is held, with the decision that holds it. `content` is a `Content` as
    JSON, `letter` what the caller needs to send it; both are handed back at the release. `about` are the objects that
    it speaks of, as `notifications.targets` spells them."""

    tenant_id: int
    subject: Subject
    origin: UUID
    origin_step: str
    content: Mapping[str, Any]
    letter: Mapping[str, Any]
    to: Mapping[int, Held]
    skip_if_read: bool = False
    about: Sequence[str] = ()


def hold_many(messages: Sequence[Message], *, now: datetime) -> int:
    """Keep these for all whom they are for; how many are held now. Three statements at most for any number of them."""
    wanted = [one for one in messages if one.to]
    if not wanted:
        return 0
    words = _put_words(wanted, now)
    at = connection.ops.adapt_datetimefield_value
    rows = [
        (one.tenant_id, person, pk, held.reason, str(at(held.until)), str(at(release_at(held.until, person))))
        for one, pk in zip(wanted, words, strict=True)
        for person, held in one.to.items()
    ]
    tenants, people, pks, reasons, untils, dues = zip(*rows, strict=True)
    columns: dict[str, rowset.Column] = {
        "tenant_id": ("bigint", tenants),
        "recipient_id": ("bigint", people),
        "words_id": ("bigint", pks),
        "reason": ("text", reasons),
        "until": ("timestamptz", untils),
        "due_at": ("timestamptz", dues),
    }
    source, parameters = rowset.table(connection, "t", columns)
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{Hold._meta.db_table}" ({names}, since, ended_as, left_with)'
            f" SELECT {names}, %s, '', 0 FROM {source}",
            [at(now), *parameters],
        )
        return int(cursor.rowcount)


Words = tuple[UUID, str, str]
"""What tells words apart: their origin, the step of it, and their digest."""


def _words_of(one: Message) -> Words:
    """Chunks of one run come one after the other: what expires in the same minute is the same."""
    subject, ends = one.subject, one.subject.expires_at
    said = [
        subject.kind,
        dict(one.content),
        dict(one.letter),
        one.skip_if_read,
        lines(one.about),
        ends and ends.isoformat()[:16],
    ]
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return one.origin, one.origin_step, hashlib.sha256(canonical.encode(errors="surrogatepass")).hexdigest()


def _put_words(messages: Sequence[Message], now: datetime) -> list[int]:
    """The ids of the words of each, those that are new written: in one order, so that of two who put aside the same at
    once the second waits for the first."""
    named = [_words_of(one) for one in messages]
    fresh = dict(sorted(zip(named, messages, strict=True), key=lambda pair: (str(pair[0][0]), *pair[0][1:])))
    found = _insert_words(fresh, now)
    if missing := [words for words in fresh if words not in found]:
        rows = HeldWords.objects.filter(
            tenant__in={one.tenant_id for one in messages},
            origin__in={origin for origin, _, _ in missing},
            digest__in={digest for _, _, digest in missing},
        )
        known = rows.values_list("pk", "origin", "origin_step", "digest")
        found |= {(origin, step, digest): pk for pk, origin, step, digest in known}
    return [found[words] for words in named]


def _insert_words(fresh: Mapping[Words, Message], now: datetime) -> dict[Words, int]:
    at, messages = connection.ops.adapt_datetimefield_value, list(fresh.values())
    expires = [one.subject.expires_at for one in messages]
    columns: dict[str, rowset.Column] = {
        "tenant_id": ("bigint", [one.tenant_id for one in messages]),
        "kind": ("text", [one.subject.kind for one in messages]),
        "workflow": ("text", [one.subject.workflow for one in messages]),
        "category": ("text", [one.subject.category for one in messages]),
        "by_default": ("boolean", [one.subject.default for one in messages]),
        "origin": ("uuid", [rowset.uuid_text(connection, origin) for origin, _, _ in fresh]),
        "origin_step": ("text", [step for _, step, _ in fresh]),
        "digest": ("text", [digest for _, _, digest in fresh]),
        "content": ("jsonb", [json.dumps(dict(one.content)) for one in messages]),
        "letter": ("jsonb", [json.dumps(dict(one.letter)) for one in messages]),
        "skip_if_read": ("boolean", [one.skip_if_read for one in messages]),
        "about": ("text", [lines(one.about) for one in messages]),
        "expires_at": ("timestamptz", [moment and str(at(moment)) for moment in expires]),
    }
    source, parameters = rowset.table(connection, "t", columns)
    names = ", ".join(columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{HeldWords._meta.db_table}" ({names}, created_at) SELECT {names}, %s FROM {source}'
            " WHERE true ON CONFLICT DO NOTHING RETURNING id, origin, origin_step, digest",
            [at(now), *parameters],
        )
        return {(rowset.uuid_of(origin), step, digest): pk for pk, origin, step, digest in cursor.fetchall()}


def cancel(*, origin: UUID, now: datetime, recipients: Collection[int] | None = None) -> int:
    """Take back what is held from `origin`, or for these people alone; how many messages that was. Nobody gets them
    any more once this is committed. A release that is under way is waited for: what it sent is not counted."""
    chosen, values = "", list[Any]()
    if recipients is not None:
        chosen, values = rowset.any_of(connection, "h.recipient_id", sorted(recipients))
        chosen = f" AND {chosen}"
    mine = (
        f'SELECT h.id FROM "{HeldWords._meta.db_table}" w JOIN "{Hold._meta.db_table}" h ON h.words_id = w.id'
        f" WHERE w.origin = %s AND h.ended_at IS NULL{chosen}"
    )
    return _update(
        "ended_as = %s, ended_at = %s",
        [End.CANCELLED.value, now],
        mine,
        [rowset.uuid_text(connection, origin), *values],
    )


def summaries_with(origin: UUID, *, tenant_id: int, recipients: Collection[int] | None = None) -> list[UUID]:
    """Under which origins messages from this one left in summaries, of these people or of all. One statement."""
    mine = Hold.objects.filter(tenant=tenant_id, words__origin=origin, left_as__isnull=False)
    if recipients is not None:
        mine = mine.filter(recipient__in=sorted(recipients))
    return [one for one in mine.order_by().values_list("left_as", flat=True).distinct() if one is not None]


def taken_apart(taken: Collection[tuple[UUID, int]], *, without: UUID | None, tenant_id: int, now: datetime) -> int:
    """These summaries, as (origin, recipient), did not leave: their messages are held again and due now, those from
    the origin `without`, if there is one, are cancelled. How many the latter are. Three statements."""
    wanted, people = set(taken), {person for _, person in taken}
    rows = Hold.objects.filter(tenant=tenant_id, recipient__in=people, left_as__in={origin for origin, _ in taken})
    parted: dict[bool, list[int]] = {True: [], False: []}
    for pk, left_as, person, origin in rows.values_list("pk", "left_as", "recipient", "words__origin"):
        if (left_as, person) in wanted:
            parted[origin == without].append(pk)
    held_again = Hold.objects.filter(tenant=tenant_id, pk__in=parted[False])
    held_again.update(ended_at=None, ended_as="", left_as=None, left_with=0, due_at=now)
    gone = Hold.objects.filter(tenant=tenant_id, pk__in=parted[True])
    return gone.update(ended_at=now, ended_as=End.CANCELLED, left_as=None, left_with=0)


def look_again(recipients: Collection[int], *, now: datetime) -> int:
    """Have what is held for these people decided anew at once, because what they want has changed: their choices,
    hours, zone or snooze. How many messages that is. To be called in the transaction of the change."""
    if not recipients:
        return 0
    chosen, values = rowset.any_of(connection, "h.recipient_id", sorted(recipients))
    at = connection.ops.adapt_datetimefield_value(now)
    return _update(
        "due_at = %s",
        [now],
        f'SELECT h.id FROM "{Hold._meta.db_table}" h WHERE {chosen} AND h.ended_at IS NULL AND h.due_at > %s',
        [*values, at],
    )


def look_again_at_all(tenant_id: int, *, now: datetime) -> int:
    """The same for everybody of a tenant, whose own defaults, locks, hours or zone have changed."""
    at = connection.ops.adapt_datetimefield_value(now)
    return _update(
        "due_at = %s",
        [now],
        f'SELECT h.id FROM "{Hold._meta.db_table}" h WHERE h.tenant_id = %s AND h.ended_at IS NULL AND h.due_at > %s',
        [tenant_id, at],
    )


def hurry(recipient: int, *, tenant_id: int, now: datetime) -> int:
    """Have what is held for somebody leave now, because they say so; how much that is. What they have asked for already
    does not count again. Who does it keeps the record: see `sooner.py`."""
    return _update(
        "due_at = %s, sooner_at = %s",
        [now, now],
        f'SELECT h.id FROM "{Hold._meta.db_table}" h WHERE h.tenant_id = %s AND h.recipient_id = %s'
        " AND h.ended_at IS NULL AND h.sooner_at IS NULL",
        [tenant_id, recipient],
    )


def hurried(keys: Collection[tuple[UUID, int]], *, tenant_id: int) -> set[tuple[UUID, int]]:
    """Of these (origin, or that of a summary; recipient) those that somebody asked for before its time. One
    statement."""
    origins, people = {origin for origin, _ in keys}, {person for _, person in keys}
    rows = Hold.objects.filter(tenant=tenant_id, recipient__in=people, sooner_at__isnull=False)
    rows = rows.filter(Q(words__origin__in=origins) | Q(left_as__in=origins))
    found = rows.values_list("recipient", "words__origin", "left_as")
    return {(origin, person) for person, *both in found for origin in both if origin} & set(keys)


def _update(what: str, said: Sequence[Any], which: str, values: Sequence[Any]) -> int:
    """Locked in one order, so that two who want the same rows wait one for the other; what ended meanwhile is left."""
    at = connection.ops.adapt_datetimefield_value
    given = [at(one) if isinstance(one, datetime) else one for one in said]
    mine = f"IN ({which})"
    if connection.vendor == "postgresql":
        mine = f"= ANY(ARRAY({which} ORDER BY h.id FOR UPDATE OF h))"
    with connection.cursor() as cursor:
        cursor.execute(
            f'UPDATE "{Hold._meta.db_table}" SET {what} WHERE id {mine} AND ended_at IS NULL', [*given, *values]
        )
        return int(cursor.rowcount)


def next_due(*, tenant: int) -> datetime | None:
    """When the next of what is held for this tenant's people is due, or was; None when nothing is held."""
    with connection.cursor() as cursor:  # by hand: a simulation asks at each of its moments
        cursor.execute(
            f'SELECT min(due_at) FROM "{Hold._meta.db_table}" WHERE tenant_id = %s AND ended_at IS NULL', [tenant]
        )
        found: datetime | None = rowset.moment(cursor.fetchone()[0])
    return found


def of_person(recipient: int, *, tenant_id: int) -> QuerySet[Hold]:
    """What is held for somebody now, with its words, the first to leave first."""
    mine = Hold.objects.filter(Q(ended_at__isnull=True), tenant=tenant_id, recipient=recipient)
    return mine.select_related("words").order_by("until", "pk")


def of_origin(origin: UUID, recipient: int, *, tenant_id: int) -> list[Hold]:
    """Everything that was held for somebody from `origin`, with its words, in the order in which it came."""
    mine = Hold.objects.filter(tenant=tenant_id, recipient=recipient, words__origin=origin)
    return list(mine.select_related("words").order_by("pk"))


def still_counts(keys: Collection[tuple[UUID, str, int]], *, tenant_id: int) -> dict[tuple[UUID, str, int], bool]:
    """Of these (origin, step of it, recipient) those for whom something was held: True where it still is, or was sent.
    One statement."""
    wanted = set(keys)
    origins, people = {key[0] for key in wanted}, {key[2] for key in wanted}
    rows = Hold.objects.filter(tenant=tenant_id, words__origin__in=origins, recipient__in=people)
    found = dict[tuple[UUID, str, int], bool]()
    for origin, step, person, how in rows.values_list("words__origin", "words__origin_step", "recipient", "ended_as"):
        key = origin, step, person
        if key in wanted:
            found[key] = found.get(key, False) or how in ("", End.SENT, End.SUMMARY)
    return found


def left_in(keys: Collection[tuple[UUID, int]], *, tenant_id: int) -> Iterator[tuple[tuple[UUID, int], Subject]]:
    """What left in these summaries, by (origin under which it left, recipient): what each message is about. One
    statement."""
    wanted = set(keys)
    origins, people = {origin for origin, _ in wanted}, {person for _, person in wanted}
    rows = Hold.objects.filter(tenant=tenant_id, recipient__in=people, left_as__in=origins).select_related("words")
    for row in rows:
        if row.left_as is not None and (row.left_as, row.recipient_id) in wanted:
            yield (row.left_as, row.recipient_id), row.words.subject
