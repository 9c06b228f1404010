"""What a hub reads, for all of its people at once: where they stand, what changed for each since, what is unread."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection

from ..conf import conf
from ..content import Content
from ..kernel import rowset
from ..models import InboxItem, InboxState, Mark, Notification, State, Tab
from ..reading import CAP, Unread


@dataclass(frozen=True, slots=True)
class Position:
    """How far somebody's inbox, or one view of it, has come. `epoch` 0: there was nothing yet."""

    epoch: int = 0
    rev: int = 0

    def __str__(self) -> str:
        return f"{self.epoch}.{self.rev}"

    @classmethod
    def of(cls, cursor: str) -> Position:
        """From its text `epoch.rev`. Raises ValueError."""
        epoch, dot, rev = cursor.partition(".")
        if not (dot and len(cursor) < 40 and all(part.isascii() and part.isdigit() for part in (epoch, rev))):
            raise ValueError("A cursor looks like `epoch.rev`, two whole numbers.")
        return cls(int(epoch), int(rev))

    def may_follow(self, head: Position) -> bool:
        """Whether `head` belongs to the same history and is not behind."""
        return self == Position() or (self.epoch == head.epoch and self.rev <= head.rev)


@dataclass(frozen=True, slots=True)
class Change:
    """One item or mark that changed, as JSON without its closing brace, in the order of `rev`."""

    rev: int
    kind: str
    body: str


@dataclass(frozen=True, slots=True)
class News:
    """What is new for somebody since a position, up to `head`; or `resync`: too much, or another history."""

    head: Position
    changes: Sequence[Change] = field(default_factory=list)
    resync: bool = False


def heads(people: Sequence[int]) -> dict[int, Position]:
    """Where these people's inboxes stand. One query."""
    chosen, parameters = rowset.any_of(connection, "recipient_id", people)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT recipient_id, epoch, head FROM {InboxState._meta.db_table} WHERE {chosen}", parameters)
        found = {person: Position(epoch, head) for person, epoch, head in cursor.fetchall()}
    return {person: found.get(person, Position()) for person in people}


def news(since: Mapping[int, Position]) -> dict[int, News]:
    """What is new for each of these people since their position; who has no news is left out. Four queries.

    The heads are read first and bound the rest, so what commits meanwhile belongs to the next call.
    """
    now_at = heads(list(since))
    moved = {person: head for person, head in now_at.items() if head != since[person]}
    lost = {person for person, head in moved.items() if not since[person].may_follow(head)}
    wanted = {person: (since[person].rev, head.rev) for person, head in moved.items() if person not in lost}
    found: dict[int, list[Change]] = {person: [] for person in wanted}
    if wanted:
        _add_items(found, wanted)
        _add_marks(found, wanted)
    limit = conf().resync_after
    lost |= {person for person, changes in found.items() if len(changes) > limit}
    return {
        person: News(head, resync=True) if person in lost else News(head, sorted(found[person], key=_place))
        for person, head in moved.items()
    }


def unread(people: Sequence[int]) -> dict[int, Unread]:
    """The unread numbers of these people, by tab; at most 101 index entries a person and tab. One query."""
    item, mark = InboxItem._meta.db_table, Mark._meta.db_table
    tabs = " UNION ALL ".join(f"SELECT {tab.value} AS tab" for tab in Tab)
    source, parameters = rowset.table(connection, "p", {"person": ("bigint", list(people))})
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT p.person, t.tab, (SELECT count(*) FROM (
                     SELECT 1 FROM {item} i WHERE i.recipient_id = p.person AND i.tab = t.tab AND i.read_at IS NULL
                     AND i.state = 0 AND i.seq > coalesce(m.read_upto, 0) LIMIT {CAP + 1}) above)
                 + (SELECT count(*) FROM (
                     SELECT 1 FROM {item} i WHERE i.recipient_id = p.person AND i.forced AND i.state = 0
                     AND i.tab = t.tab LIMIT {CAP + 1}) below)
            FROM {source} CROSS JOIN ({tabs}) t LEFT JOIN {mark} m ON m.recipient_id = p.person AND m.tab = t.tab
            """,
            parameters,
        )
        counts: dict[int, dict[Tab, int]] = {person: {} for person in people}
        for person, tab, count in cursor.fetchall():
            if count:
                counts[person][Tab(tab)] = count
    return {person: Unread(by_tab) for person, by_tab in counts.items()}


def _place(change: Change) -> tuple[int, bool]:
    """By revision; of several with one, what is new comes last, so that its frame leads on and is never repeated."""
    return change.rev, change.kind == "item"


def _add_items(found: dict[int, list[Change]], wanted: Mapping[int, tuple[int, int]]) -> None:
    rows = _item_rows(wanted)
    said = _said({row[8] for row in rows})
    for person, seq, rev, tab, state, read, forced, mark, notification in rows:
        text = said.get(notification)
        if text is None:
            continue  # erased since
        is_read = not forced and bool(read or seq <= mark)
        found[person].append(_change(text, seq, rev, Tab(tab), State(state), is_read=is_read))


def _item_rows(wanted: Mapping[int, tuple[int, int]]) -> list[tuple[Any, ...]]:
    """The items of each person with a revision in their stretch, by two indexes; no more of each than may be told."""
    item, mark, limit = InboxItem._meta.db_table, Mark._meta.db_table, conf().resync_after + 1
    source, parameters = rowset.table(
        connection,
        "t",
        {
            "person": ("bigint", list(wanted)),
            "since": ("bigint", [since for since, _ in wanted.values()]),
            "head": ("bigint", [head for _, head in wanted.values()]),
        },
    )
    columns = "i.recipient_id, i.seq, i.rev, i.tab, i.state, i.read_at, i.forced, i.notification_id"
    new = "i.recipient_id = t.person AND i.seq > t.since AND i.seq <= t.head"
    changed = (
        "i.recipient_id = t.person AND i.rev > t.since AND i.rev <= t.head AND i.rev <> i.seq AND i.seq <= t.since"
    )
    if connection.vendor == "postgresql":
        stretch = " UNION ALL ".join(
            f"(SELECT {columns} FROM {item} i WHERE {one} ORDER BY {order} LIMIT {limit})"
            for one, order in ((new, "i.seq"), (changed, "i.rev"))
        )
        items = f"{source}, LATERAL ({stretch}) i"
    else:  # no LATERAL, and few people
        stretch = " UNION ALL ".join(f"SELECT {columns} FROM {source} JOIN {item} i ON {one}" for one in (new, changed))
        items, parameters = f"({stretch}) i", parameters * 2
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.recipient_id, i.seq, i.rev, i.tab, i.state, i.read_at IS NOT NULL, i.forced,"
            f" coalesce(m.read_upto, 0), i.notification_id FROM {items}"
            f" LEFT JOIN {mark} m ON m.recipient_id = i.recipient_id AND m.tab = i.tab",
            parameters,
        )
        return list(cursor.fetchall())


@dataclass(frozen=True, slots=True)
class _Said:
    """What is the same for everybody who is told: as JSON members, without braces."""

    gone: str
    whole: str


def _said(notifications: set[int]) -> dict[int, _Said]:
    chosen, parameters = rowset.any_of(connection, "id", list(notifications))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, public_id, notice_key, content, created_at FROM {Notification._meta.db_table} WHERE {chosen}",
            parameters,
        )
        return {row[0]: _members(*row[1:]) for row in cursor.fetchall()}


def _members(public_id: Any, key: str, content: str, created_at: Any) -> _Said:
    head = {"id": str(public_id if isinstance(public_id, UUID) else UUID(public_id)), "workflow": key}
    words = Content.stored(json.loads(content)).to_json()
    words.pop("tab", None)
    at = rowset.moment(created_at).isoformat().replace("+00:00", "Z")
    return _Said(json.dumps(head)[1:-1], json.dumps({**head, "created_at": at, **words})[1:-1])


def _change(said: _Said, seq: int, rev: int, tab: Tab, state: State, *, is_read: bool) -> Change:
    """As `Entry.to_json` has it."""
    gone = state in (State.WITHDRAWN, State.SUPERSEDED, State.DELETED)
    place = f'"rev": {rev}, "tab": "{tab.name.lower()}", "state": "{state.name.lower()}"'
    read = "" if gone else f', "read": {"true" if is_read else "false"}'
    body = f'"item": {{{said.gone if gone else said.whole}, {place}{read}}}'
    return Change(rev, "item" if rev == seq and not gone else "update", body)


def _add_marks(found: dict[int, list[Change]], wanted: Mapping[int, tuple[int, int]]) -> None:
    for person, revisions in _mark_rows(wanted):
        for rev, marks in revisions.items():
            found[person].append(Change(rev, "update", f'"read_upto": {json.dumps(marks)}'))


def _mark_rows(wanted: Mapping[int, tuple[int, int]]) -> Iterator[tuple[int, dict[int, dict[str, int]]]]:
    chosen, parameters = rowset.any_of(connection, "recipient_id", list(wanted))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT recipient_id, tab, read_upto, rev FROM {Mark._meta.db_table} WHERE {chosen}", parameters
        )
        people: dict[int, dict[int, dict[str, int]]] = {}
        for person, tab, upto, rev in cursor.fetchall():
            since, head = wanted[person]
            if since < rev <= head:
                people.setdefault(person, {}).setdefault(rev, {})[Tab(tab).name.lower()] = upto
    yield from people.items()
