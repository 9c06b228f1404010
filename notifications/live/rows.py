"""What a hub reads, for all of its people at once: where they stand, what changed for each since, what is unread."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from .. import visibility
from ..conf import conf
from ..content import Content
from ..kernel import rowset
from ..models import InboxItem, InboxState, Mark, Notification, State, Tab
from ..reading import CAP, Unread
from ..targets import of_lines

FEW = 8
"""People whose items are read with their words. For more, words that are the same for all would come once for each."""


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
    """What is new for each of these people since their position; who has no news is left out. Two queries, or one for
    few people, and one more when more happened than new items.

    Heads and items are of one moment, and the heads bound the rest: what commits meanwhile belongs to the next call.
    """
    now_at: dict[int, Position] = {}
    items: list[_Item] = []
    said: dict[int, _Said] = {}
    for person, epoch, head, *item in _stretches(since, with_words=len(since) <= FEW):
        now_at[person] = Position(epoch, head)
        if item[0] is not None:
            items.append(_Item(person, *item[:_OF_ITEM]))
            if item[_OF_ITEM:] and item[_OF_ITEM] is not None:  # others are erased since
                said[items[-1].notification] = _members(*item[_OF_ITEM:])
    found: dict[int, list[Change]] = {person: [] for person in now_at}
    _add_items(found, items, said if len(since) <= FEW else _said({item.notification for item in items}))
    lost = {person for person, head in now_at.items() if not since[person].may_follow(head)}
    arrived = Counter(item.person for item in items if item.seq == item.rev)
    others = {
        person: (since[person].rev, head.rev)
        for person, head in now_at.items()
        if person not in lost and arrived[person] != head.rev - since[person].rev
    }
    if others:  # somebody's revisions are not all new items
        _add_marks(found, others)
    limit = conf().resync_after
    lost |= {person for person, changes in found.items() if len(changes) > limit}
    return {
        person: News(head, resync=True) if person in lost else News(head, sorted(found[person], key=_place))
        for person, head in now_at.items()
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


class _Item(NamedTuple):
    person: int
    seq: int
    rev: int
    tab: int
    state: int
    read: bool
    forced: bool
    notification: int
    read_upto: int


_OF_ITEM = len(_Item._fields) - 1
"""Columns of an item, without the person's."""


def _add_items(found: dict[int, list[Change]], items: Sequence[_Item], said: Mapping[int, _Said]) -> None:
    told = [(item, said[item.notification]) for item in items if item.notification in said]  # others are erased since
    kept_back = visibility.look({(item.person, target) for item, text in told for target in text.about}).kept_back
    for item, text in told:
        hidden = bool(kept_back) and any((item.person, target) in kept_back for target in text.about)
        found[item.person].append(_change(text, item, hidden=hidden))


def _stretches(since: Mapping[int, Position], *, with_words: bool) -> list[tuple[Any, ...]]:
    """Who moved, to where, and their items with a revision in between, by two indexes: (person, epoch, head, item…), no
    more items of each than may be told; none where nothing follows, because the history is another one. `with_words`:
    with what each says, which is the same again for each person."""
    item, mark, limit = InboxItem._meta.db_table, Mark._meta.db_table, conf().resync_after + 1
    source, parameters = rowset.table(
        connection,
        "t",
        {
            "person": ("bigint", list(since)),
            "epoch": ("bigint", [at.epoch for at in since.values()]),
            "rev": ("bigint", [at.rev for at in since.values()]),
        },
    )
    moved = (
        "SELECT h.person, h.epoch, h.head,"
        " CASE WHEN (h.was = 0 AND h.rev = 0) OR (h.was = h.epoch AND h.rev <= h.head) THEN h.rev END AS since"
        " FROM (SELECT t.person, t.epoch AS was, t.rev, coalesce(s.epoch, 0) AS epoch, coalesce(s.head, 0) AS head"
        f" FROM {source} LEFT JOIN {InboxState._meta.db_table} s ON s.recipient_id = t.person) h"
        " WHERE h.epoch <> h.was OR h.head <> h.rev"
    )
    columns = "i.recipient_id, i.seq, i.rev, i.tab, i.state, i.read_at, i.forced, i.notification_id"
    new = "i.recipient_id = m.person AND i.seq > m.since AND i.seq <= m.head"
    changed = (
        "i.recipient_id = m.person AND i.rev > m.since AND i.rev <= m.head AND i.rev <> i.seq AND i.seq <= m.since"
    )
    if connection.vendor == "postgresql":
        stretch = " UNION ALL ".join(
            f"(SELECT {columns} FROM {item} i WHERE {one} ORDER BY {order} LIMIT {limit})"
            for one, order in ((new, "i.seq"), (changed, "i.rev"))
        )
        items = f"LATERAL ({stretch}) i ON true"
    else:  # no LATERAL, and few people
        stretch = " UNION ALL ".join(f"SELECT {columns} FROM moved m JOIN {item} i ON {one}" for one in (new, changed))
        items = f"({stretch}) i ON i.recipient_id = m.person"
    words = f", {_WORDS}" if with_words else ""
    source_of_words = f" LEFT JOIN {Notification._meta.db_table} n ON n.id = i.notification_id" if with_words else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH moved AS ({moved})"
            " SELECT m.person, m.epoch, m.head, i.seq, i.rev, i.tab, i.state, i.read_at IS NOT NULL, i.forced,"
            f" i.notification_id, coalesce(k.read_upto, 0){words} FROM moved m LEFT JOIN {items}"
            f" LEFT JOIN {mark} k ON k.recipient_id = i.recipient_id AND k.tab = i.tab{source_of_words}",
            parameters,
        )
        return list(cursor.fetchall())


@dataclass(frozen=True, slots=True)
class _Said:
    """What is the same for everybody who is told: as JSON members, without braces. `about`: the objects."""

    gone: str
    whole: str
    about: tuple[str, ...] = ()


_WORDS = "n.public_id, n.notice_key, n.content, n.created_at, n.about"


def _said(notifications: set[int]) -> dict[int, _Said]:
    if not notifications:
        return {}
    chosen, parameters = rowset.any_of(connection, "n.id", list(notifications))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT n.id, {_WORDS} FROM {Notification._meta.db_table} n WHERE {chosen}", parameters)
        return {row[0]: _members(*row[1:]) for row in cursor.fetchall()}


def _members(public_id: Any, key: str, content: str, created_at: Any, about: str) -> _Said:
    head = {"id": str(public_id if isinstance(public_id, UUID) else UUID(public_id)), "workflow": key}
    words = Content.stored(json.loads(content)).to_json()
    words.pop("tab", None)
    at = rowset.moment(created_at).isoformat().replace("+00:00", "Z")
    if about:
        words["about"] = [target.to_json() for target in of_lines(about)]
    whole = json.dumps({**head, "created_at": at, **words})[1:-1]
    return _Said(json.dumps(head)[1:-1], whole, tuple(about.splitlines()))


def _change(said: _Said, item: _Item, *, hidden: bool) -> Change:
    """As `Entry.to_json` has it."""
    state, new = State.WITHDRAWN if hidden else State(item.state), item.rev == item.seq
    gone = state in (State.WITHDRAWN, State.SUPERSEDED, State.DELETED)
    place = f'"rev": {item.rev}, "tab": "{Tab(item.tab).name.lower()}", "state": "{state.name.lower()}"'
    is_read = not item.forced and (item.read or item.seq <= item.read_upto)
    read = "" if gone else f', "read": {"true" if is_read else "false"}'
    body = f'"item": {{{said.gone if gone else said.whole}, {place}{read}}}'
    return Change(item.rev, "item" if new and not gone else "update", body)


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
