"""What an inbox shows: pages, the unread number, and the changes since a cursor. Reads only; nothing is locked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from .conf import conf
from .content import Content
from .models import InboxItem, InboxState, Mark, NoticeType, Recipient, State, Tab

CAP = 99
"""Counts are exact up to here, and "99+" beyond, at a cost that does not grow."""

_FIELDS = (
    "seq",
    "rev",
    "tab",
    "state",
    "read_at",
    "forced",
    "notification_id",
    "notification__public_id",
    "notification__notice_key",
    "notification__content",
    "notification__created_at",
)


@dataclass(frozen=True)
class Entry:
    """An item as its person sees it now."""

    id: UUID
    seq: int
    rev: int
    workflow: str
    content: Content
    created_at: datetime
    state: State
    read: bool

    def to_json(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "rev": self.rev,
            "workflow": self.workflow,
            "created_at": self.created_at.isoformat().replace("+00:00", "Z"),
            "state": self.state.name.lower(),
            "read": self.read,
            **self.content.to_json(),
            "tab": Tab(self.content.tab).name.lower(),
        }


@dataclass(frozen=True)
class Page:
    """Entries, newest first. `older` and `newer` are the cursors of the neighbouring pages, None at the ends."""

    entries: list[Entry]
    older: str | None = None
    newer: str | None = None


@dataclass(frozen=True)
class Unread:
    """`count` is at most 100, which means "more than 99"; the same goes for each tab."""

    by_tab: dict[Tab, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return min(sum(self.by_tab.values()), CAP + 1)

    @property
    def capped(self) -> bool:
        return self.count > CAP

    def __str__(self) -> str:
        return f"{CAP}+" if self.capped else str(self.count)

    def to_json(self) -> dict[str, Any]:
        by_tab = {tab.name.lower(): min(n, CAP + 1) for tab, n in self.by_tab.items()}
        return {"count": min(self.count, CAP), "capped": self.capped, "by_tab": by_tab}


@dataclass(frozen=True)
class Filters:
    """Which items to list. `category`, `workflow` and `level` are keys; `q` is looked for in titles and bodies."""

    tab: Tab | None = None
    unread: bool = False
    archived: bool = False
    category: str = ""
    workflow: str = ""
    level: str = ""
    q: str = ""


@dataclass(frozen=True)
class Changes:
    """Everything since a cursor, in order of change; or `resync`: load the page anew and go on from `cursor`."""

    cursor: str
    entries: list[Entry] = field(default_factory=list)
    marks: dict[Tab, int] = field(default_factory=dict)
    resync: bool = False


def list_items(
    recipient: Recipient | int, *, filters: Filters | None = None, limit: int | None = None, cursor: str = ""
) -> Page:
    """A page of this person's items, newest first. `cursor` comes from a `Page`; a foreign one raises ValueError.

    Two statements, whatever the number of items; each uses one index.
    """
    person, chosen = _key(recipient), filters or Filters()
    size = min(limit or conf().page_size, conf().page_size_max)
    newer, bound = _bound(cursor)
    marks = _marks(person)
    query = _matching(person, chosen, marks)
    if bound is not None:
        query = query.filter(seq__gt=bound) if newer else query.filter(seq__lt=bound)
    rows = list(query.order_by("seq" if newer else "-seq").values_list(*_FIELDS)[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    if newer:
        rows.reverse()
    entries = [_entry(row, marks) for row in rows]
    return Page(
        entries,
        older=f"o{entries[-1].seq}" if entries and (more or newer) else None,
        newer=f"n{entries[0].seq}" if entries and bound is not None and (more or not newer) else None,
    )


def get_item(recipient: Recipient | int, public_id: UUID) -> Entry | None:
    """One item of this person by the public id of its notification."""
    person = _key(recipient)
    row = _items(person).filter(notification__public_id=public_id).values_list(*_FIELDS).first()
    return _entry(row, _marks(person)) if row else None


def unread_count(recipient: Recipient | int) -> Unread:
    """How many items are unread, by tab. One statement that reads at most 101 index entries a tab."""
    person, item, mark = _key(recipient), InboxItem._meta.db_table, Mark._meta.db_table
    tabs = " UNION ALL ".join(f"SELECT {tab.value} AS tab" for tab in Tab)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT t.tab, (SELECT count(*) FROM (
                     SELECT 1 FROM {item} i WHERE i.recipient_id = %s AND i.tab = t.tab AND i.read_at IS NULL
                     AND i.state = 0 AND i.seq > coalesce(m.read_upto, 0) LIMIT {CAP + 1}) above)
                 + (SELECT count(*) FROM (
                     SELECT 1 FROM {item} i WHERE i.recipient_id = %s AND i.forced AND i.state = 0
                     AND i.tab = t.tab LIMIT {CAP + 1}) below)
            FROM ({tabs}) t LEFT JOIN {mark} m ON m.recipient_id = %s AND m.tab = t.tab
            """,
            [person, person, person],
        )
        return Unread({Tab(tab): n for tab, n in cursor.fetchall() if n})


def current_cursor(recipient: Recipient | int) -> str:
    """Where this person's inbox stands: `epoch.rev`."""
    state = InboxState.objects.filter(pk=_key(recipient)).values_list("epoch", "head").first()
    return "{}.{}".format(*state) if state else "0.0"


def changes_since(recipient: Recipient | int, cursor: str) -> Changes:
    """Every item and mark that changed after `cursor`, each once, in its latest state.

    The head is read first and bounds the rest, so what commits meanwhile belongs to the next call. Whoever writes
    holds the person's state row, so the numbers below the head are all committed.
    """
    person = _key(recipient)
    now_at = current_cursor(person)
    epoch, head = (int(part) for part in now_at.split("."))
    since = _since(cursor, epoch, head)
    if since is None:
        return Changes(now_at, resync=True)
    limit = conf().resync_after
    items = _items(person)
    new = items.filter(seq__gt=since, seq__lte=head)
    changed = items.filter(rev__gt=since, rev__lte=head, seq__lte=since)
    rows = [*new.values_list(*_FIELDS)[: limit + 1], *changed.values_list(*_FIELDS)[: limit + 1]]
    if len(rows) > limit:
        return Changes(now_at, resync=True)
    moved = Mark.objects.filter(recipient_id=person, rev__gt=since, rev__lte=head).values_list("tab", "read_upto")
    marks = _marks(person)
    entries = sorted((_entry(row, marks) for row in rows), key=lambda entry: (entry.rev, entry.seq))
    return Changes(now_at, entries, {Tab(tab): upto for tab, upto in moved})


def _since(cursor: str, epoch: int, head: int) -> int | None:
    """The revision in `cursor`, or None when it belongs to another history."""
    given_epoch, dot, given_rev = cursor.partition(".")
    if not (dot and given_epoch.isascii() and given_epoch.isdigit() and given_rev.isascii() and given_rev.isdigit()):
        raise ValueError("A cursor looks like `epoch.rev`, two whole numbers.")
    if int(given_epoch) == 0 and int(given_rev) == 0:
        return 0  # the inbox was empty: everything is news
    return int(given_rev) if int(given_epoch) == epoch and int(given_rev) <= head else None


def _matching(person: int, filters: Filters, marks: dict[int, int]) -> QuerySet[InboxItem]:
    query = _items(person).filter(state=State.ARCHIVED if filters.archived else State.ACTIVE)
    if filters.tab is not None:
        query = query.filter(tab=filters.tab)
    if filters.unread:
        tabs = [filters.tab] if filters.tab is not None else list(Tab)
        above = [Q(tab=tab, read_at__isnull=True, seq__gt=marks.get(tab, 0)) for tab in tabs]
        unread = Q(forced=True)
        for one in above:
            unread |= one
        query = query.filter(unread)
    if filters.category:
        keys = NoticeType.objects.filter(category__key=filters.category).values("key")
        query = query.filter(notification__notice_key__in=keys)
    if filters.workflow:
        query = query.filter(notification__notice_key=filters.workflow)
    if filters.level:
        query = query.filter(notification__level=filters.level)
    if filters.q:
        text = Q(notification__title__icontains=filters.q) | Q(notification__content__body__icontains=filters.q)
        query = query.filter(text)
    return query


def _items(person: int) -> QuerySet[InboxItem]:
    return InboxItem.objects.filter(recipient_id=person)


def _marks(person: int) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT tab, read_upto FROM {Mark._meta.db_table} WHERE recipient_id = %s", [person])
        return dict(cursor.fetchall())


def _entry(row: Sequence[Any], marks: dict[int, int]) -> Entry:
    seq, rev, tab, state, read_at, forced, _, public_id, key, content, created_at = row
    read = not forced and (read_at is not None or seq <= marks.get(tab, 0))
    return Entry(public_id, seq, rev, key, Content.from_json({**content, "tab": tab}), created_at, State(state), read)


def _bound(cursor: str) -> tuple[bool, int | None]:
    """Which way a page cursor leads, and from which place."""
    if not cursor:
        return False, None
    if cursor[0] not in "on" or not (cursor[1:].isascii() and cursor[1:].isdigit()):
        raise ValueError("That page cursor is not one of ours. Take `next` or `previous` of an answer.")
    return cursor[0] == "n", int(cursor[1:])


def _key(recipient: Recipient | int) -> int:
    return recipient if isinstance(recipient, int) else recipient.pk
