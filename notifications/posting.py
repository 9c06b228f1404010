"""Putting notifications into inboxes: one statement for any number of people, on PostgreSQL."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from .content import Content
from .kernel import rowset
from .kernel.tokens import uuid7
from .live import line
from .models import InboxItem, InboxState, Notification, State
from .targets import check, lines


@dataclass(frozen=True)
class Post:
    """One content for these people (ids of recipients of that tenant, none twice). `origin` is opaque here. `about`:
    the objects that it speaks of, as `targets` spells them; raises ValueError where one is none."""

    tenant_id: int
    notice_key: str
    content: Content
    recipients: Sequence[int]
    origin: UUID | None = None
    origin_step: str = ""
    about: Sequence[str] = ()

    def __post_init__(self) -> None:
        check(self.about)


def post(posts: Sequence[Post], *, now: datetime, using: str = "default") -> list[UUID]:
    """Write each content once and an item a head, on top of each inbox; the public ids, in the order of `posts`.

    In the caller's transaction. An active item of the same thread is superseded: the notice lives on as its newest
    word. People get their row locks in the order of their ids, so two posts never wait for each other in a ring.
    """
    wanted = [one for one in posts if one.recipients]
    if not wanted:
        return []
    connection = connections[using]
    names = [uuid7() for _ in wanted]
    with transaction.atomic(using=using, savepoint=False):
        if any(one.content.thread for one in wanted):
            _supersede(connection, wanted)
        if len(wanted) == 1:
            _insert_same(connection, wanted[0], names[0], now)
        else:
            _insert_items(connection, wanted, names, now)
        for one in wanted:
            line.hint(one.recipients, using=using)
    return names


def _notifications(
    connection: BaseDatabaseWrapper, posts: Sequence[Post], names: Sequence[UUID], now: datetime
) -> tuple[str, list[Any]]:
    """The statement that writes each content, and tells their public names and ids."""
    origins = [one.origin for one in posts]
    source, parameters = rowset.table(
        connection,
        "t",
        {
            "tenant_id": ("bigint", [one.tenant_id for one in posts]),
            "public_id": ("uuid", [rowset.uuid_text(connection, name) for name in names]),
            "notice_key": ("text", [one.notice_key for one in posts]),
            "origin": ("uuid", [origin and rowset.uuid_text(connection, origin) for origin in origins]),
            "origin_step": ("text", [one.origin_step for one in posts]),
            "title": ("text", [one.content.title for one in posts]),
            "level": ("text", [one.content.level for one in posts]),
            "content": ("jsonb", [json.dumps(one.content.to_json()) for one in posts]),
            "about": ("text", [lines(one.about) for one in posts]),
        },
    )
    columns = "tenant_id, public_id, notice_key, origin, origin_step, title, level, content, about"
    statement = (
        f"INSERT INTO {_table(Notification)} ({columns}, created_at) SELECT {columns}, %s FROM {source}"
        " WHERE true RETURNING public_id, id"
    )
    return statement, [connection.ops.adapt_datetimefield_value(now), *parameters]


def _insert_same(connection: BaseDatabaseWrapper, one: Post, name: UUID, now: datetime) -> None:
    """One content for many, the case that has to be fast: everybody's new head is their item's place. On PostgreSQL all
    of it is one statement."""
    people = sorted(one.recipients)
    states, of_states = _states(connection, dict.fromkeys(people, 1))
    columns = "recipient_id, seq, rev, notification_id, tab, thread, state, read_at, forced"
    values: list[Any] = [one.content.tab, one.content.thread or None]
    content, of_content = _notifications(connection, [one], [name], now)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                f"WITH n AS ({content}), s AS ({states} RETURNING recipient_id, head)"
                f" INSERT INTO {_table(InboxItem)} ({columns})"
                " SELECT s.recipient_id, s.head, s.head, n.id, %s::smallint, %s::varchar, 0, NULL, false FROM n, s",
                [*of_content, *of_states, *values],
            )
        return
    chosen, ids = rowset.ids(connection, people)
    with connection.cursor() as cursor:
        cursor.execute(content, of_content)
        ((_, notification),) = cursor.fetchall()
        cursor.execute(states, of_states)
        cursor.execute(
            f"INSERT INTO {_table(InboxItem)} ({columns})"
            " SELECT s.recipient_id, s.head, s.head, %s, %s, %s, 0, NULL, false"
            f" FROM {_table(InboxState)} s WHERE s.recipient_id IN {chosen}",
            [notification, *values, *ids],
        )


def _insert_items(connection: BaseDatabaseWrapper, posts: Sequence[Post], names: Sequence[UUID], now: datetime) -> None:
    """Several contents, each for its people; whoever gets several gets them in that order. One statement, too."""
    places = [(person, index) for index, one in enumerate(posts) for person in one.recipients]
    places.sort()
    people = [person for person, _ in places]
    contents, of_contents = _notifications(connection, posts, names, now)
    states, of_states = _states(connection, Counter(people))
    spelled = [rowset.uuid_text(connection, name) for name in names]
    items, of_items = rowset.table(
        connection,
        "i",
        {
            "person": ("bigint", people),
            "back": ("bigint", _back(people)),
            "content": ("uuid", [spelled[index] for _, index in places]),
            "tab": ("smallint", [posts[index].content.tab for _, index in places]),
            "thread": ("text", [posts[index].content.thread or None for _, index in places]),
            "state": ("smallint", _first_states(posts, places)),
        },
    )
    insert = (
        f"INSERT INTO {_table(InboxItem)}"
        " (recipient_id, seq, rev, notification_id, tab, thread, state, read_at, forced)"
        " SELECT i.person, s.head - i.back, s.head - i.back, n.id, i.tab, i.thread, i.state, NULL, false"
        f" FROM {items} JOIN {{n}} ON n.public_id = i.content JOIN {{s}} ON s.recipient_id = i.person"
    )
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            written = f"WITH n AS ({contents}), s AS ({states} RETURNING recipient_id, head) "
            cursor.execute(written + insert.format(n="n", s="s"), [*of_contents, *of_states, *of_items])
        else:
            cursor.execute(contents, of_contents)
            cursor.fetchall()  # else they are not all written
            cursor.execute(states, of_states)
            cursor.execute(insert.format(n=f"{_table(Notification)} n", s=f"{_table(InboxState)} s"), of_items)


def _states(connection: BaseDatabaseWrapper, counts: Mapping[int, int]) -> tuple[str, list[Any]]:
    """The statement that moves each person's head forward by the number of their new items."""
    state = _table(InboxState)
    source, parameters = rowset.table(
        connection, "t", {"person": ("bigint", list(counts)), "n": ("bigint", list(counts.values()))}
    )
    statement = (
        f"INSERT INTO {state} (recipient_id, head, epoch, seen_upto)"
        f" SELECT t.person, t.n, {fresh_epoch(connection)}, 0 FROM {source} WHERE true ORDER BY t.person"
        f" ON CONFLICT (recipient_id) DO UPDATE SET head = {state}.head + excluded.head"
    )
    return statement, parameters


def fresh_epoch(connection: BaseDatabaseWrapper) -> str:
    """SQL for a random epoch: a cursor from a history that a restored backup undid will not fit the new one."""
    if connection.vendor == "postgresql":
        return "floor(random() * 2147483647)::bigint + 1"
    return "abs(random() >> 33) + 1"


def _supersede(connection: BaseDatabaseWrapper, posts: Sequence[Post]) -> None:
    """Retire the active items of these people in these threads, as a change of its own before the new items."""
    everyone = Counter(dict.fromkeys(sorted({person for one in posts for person in one.recipients}), 0))
    statement, state_parameters = _states(connection, everyone)
    pairs = sorted({(p, one.content.thread) for one in posts if one.content.thread for p in one.recipients})
    source, parameters = rowset.table(
        connection, "t", {"person": ("bigint", [p for p, _ in pairs]), "thread": ("text", [t for _, t in pairs])}
    )
    item = _table(InboxItem)
    with connection.cursor() as cursor:
        cursor.execute(statement, state_parameters)  # moves nobody, but locks everybody, also who is new here
        cursor.execute(
            f"SELECT i.recipient_id, i.seq FROM {source} JOIN {item} i"
            " ON i.recipient_id = t.person AND i.thread = t.thread AND i.state = 0",
            parameters,
        )
        found = sorted(cursor.fetchall())
    retire(connection, found, state=State.SUPERSEDED)


def retire(connection: BaseDatabaseWrapper, items: Sequence[tuple[int, int]], *, state: State) -> int:
    """Move these active (recipient, seq) to `state`, one new revision a person; how many were still active."""
    if not items:
        return 0
    item, ledger = _table(InboxItem), _table(InboxState)
    people = sorted({person for person, _ in items})
    chosen, chosen_parameters = rowset.ids(connection, people)
    source, parameters = rowset.table(
        connection, "t", {"person": ("bigint", [p for p, _ in items]), "seq": ("bigint", [s for _, s in items])}
    )
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                f"SELECT 1 FROM {ledger} WHERE recipient_id IN {chosen} ORDER BY recipient_id FOR NO KEY UPDATE",
                chosen_parameters,
            )
        cursor.execute(f"UPDATE {ledger} SET head = head + 1 WHERE recipient_id IN {chosen}", chosen_parameters)
        line.hint(people, using=connection.alias)
        cursor.execute(
            f"UPDATE {item} SET state = %s, rev = s.head FROM {source}"
            f" JOIN {ledger} s ON s.recipient_id = t.person"
            f" WHERE {item}.recipient_id = t.person AND {item}.seq = t.seq AND {item}.state IN (0, 1, 2)",
            [state, *parameters],
        )
        return int(cursor.rowcount)


def withdraw(origin: UUID, recipients: Sequence[int], *, using: str = "default") -> int:
    """Take back what `origin` put into these inboxes, as tombstones; how many items went. In one transaction."""
    connection = connections[using]
    chosen, parameters = rowset.ids(connection, recipients)
    with transaction.atomic(using=using):
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT i.recipient_id, i.seq FROM {_table(Notification)} n JOIN {_table(InboxItem)} i"
                f" ON i.notification_id = n.id WHERE n.origin = %s AND i.recipient_id IN {chosen}"
                " AND i.state IN (0, 1, 2)",
                [rowset.uuid_text(connection, origin), *parameters],
            )
            found = sorted(cursor.fetchall())
        return retire(connection, found, state=State.WITHDRAWN)


def withdraw_page(origin: UUID, *, after: int = 0, using: str = "default") -> int | None:
    """Take back a bounded part of what `origin` put into inboxes: from notifications above `after`, in order.

    The last notification dealt with, to go on from; None when that was the rest. In one transaction.
    """
    connection = connections[using]
    said = Notification.objects.using(using).across_tenants().filter(origin=origin, pk__gt=after).order_by("pk")
    page = list(said.values_list("pk", flat=True)[:PAGE])
    if not page:
        return None
    chosen, parameters = rowset.any_of(connection, "notification_id", page)
    with transaction.atomic(using=using):
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT notification_id, recipient_id, seq FROM {_table(InboxItem)} WHERE {chosen}"
                f" AND state IN (0, 1, 2) ORDER BY notification_id LIMIT {ITEMS + 1:d}",
                parameters,
            )
            rows = cursor.fetchall()
        retire(connection, sorted((recipient, seq) for _, recipient, seq in rows), state=State.WITHDRAWN)
    return page[-1] if len(rows) <= ITEMS else rows[-1][0] - 1  # the last notification may have more


PAGE, ITEMS = 500, 2_000
"""Notifications looked at together, and items taken back together."""


def _first_states(posts: Sequence[Post], places: Sequence[tuple[int, int]]) -> list[int]:
    """Active, but for those whose thread goes on within the same batch: they are superseded before anyone saw them."""
    latest = {(person, posts[index].content.thread): index for person, index in places}
    return [
        State.ACTIVE
        if not (thread := posts[index].content.thread) or latest[person, thread] == index
        else State.SUPERSEDED
        for person, index in places
    ]


def _back(people: Sequence[int]) -> list[int]:
    """For each place of a sorted list, how many more of the same person follow it."""
    counts: Counter[int] = Counter()
    back = []
    for person in reversed(people):
        back.append(counts[person])
        counts[person] += 1
    return back[::-1]


def _table(model: type) -> str:
    name: str = model._meta.db_table  # type: ignore[attr-defined]
    return f'"{name}"'
