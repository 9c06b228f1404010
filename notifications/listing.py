"""The one statement behind every list of inbox items: which places, in an index's order, and then what lies there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from . import visibility
from .content import Content
from .kernel import rowset
from .models import Category, InboxItem, Mark, NoticeType, Notification, State, Tab
from .targets import Target, of_lines

Sql = tuple[str, list[Any]]
"""A piece of a statement and its parameters."""


@dataclass(frozen=True)
class Entry:
    """An item as its person sees it now. `about`: the objects that it speaks of; `hidden`: they may not see one of
    those any more, or nobody could say."""

    id: UUID
    seq: int
    rev: int
    workflow: str
    content: Content
    created_at: datetime
    state: State
    read: bool
    about: tuple[Target, ...] = ()
    hidden: bool = False

    @property
    def gone(self) -> bool:
        """Taken back, replaced, deleted or hidden: its words are not theirs to read any more."""
        return self.hidden or self.state in (State.WITHDRAWN, State.SUPERSEDED, State.DELETED)

    def to_json(self) -> dict[str, Any]:
        """Of an item that is gone, what a client needs to take it out of sight."""
        if self.gone:
            return {
                "id": str(self.id),
                "rev": self.rev,
                "workflow": self.workflow,
                "state": State.WITHDRAWN.name.lower() if self.hidden else self.state.name.lower(),
                "tab": Tab(self.content.tab).name.lower(),
            }
        objects = {"about": [one.to_json() for one in self.about]} if self.about else {}
        return {
            "id": str(self.id),
            "rev": self.rev,
            "workflow": self.workflow,
            "created_at": self.created_at.isoformat().replace("+00:00", "Z"),
            "state": self.state.name.lower(),
            "read": self.read,
            **self.content.to_json(),
            **objects,
            "tab": Tab(self.content.tab).name.lower(),
        }


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
class Window:
    """Which stretch of places: strictly between `above` and `below`, `limit` of them, from one end."""

    limit: int
    above: int | None = None
    below: int | None = None
    ascending: bool = False

    @property
    def order(self) -> str:
        return f"ORDER BY i.seq {'ASC' if self.ascending else 'DESC'}"

    @property
    def cut(self) -> str:
        return f"LIMIT {self.limit:d}"

    def condition(self) -> Sql:
        text, parameters = "", []
        for bound, sign in ((self.above, ">"), (self.below, "<")):
            if bound is not None:
                text += f" AND i.seq {sign} %s"
                parameters.append(bound)
        return text, parameters


def listed(person: int, filters: Filters, window: Window) -> list[Entry]:
    """The entries of this person that pass the filters, within the window, in its order. One statement."""
    if filters.unread and not filters.archived:
        places = _unread_places(person, filters, window)
    else:
        places = _places(person, filters, window)
    return _entries(person, places, window.order)


def chosen(person: int, condition: str, parameters: Sequence[Any], *, limit: int) -> list[Entry]:
    """The entries of this person under a condition on the item `i`, by place. One statement."""
    text = f"SELECT i.seq FROM {_ITEM} i WHERE i.recipient_id = %s AND {condition} ORDER BY i.seq LIMIT {limit:d}"
    return _entries(person, (text, [person, *parameters]), "ORDER BY i.seq")


_ITEM, _MARK = InboxItem._meta.db_table, Mark._meta.db_table
_NOTIFICATION = Notification._meta.db_table


def unread_places(person: int, filters: Filters) -> Sql:
    """A statement for the places (`seq`) of all that is unread and passes the filters."""
    return _unread_places(person, filters, Window(2**31))


def _places(person: int, filters: Filters, window: Window) -> Sql:
    """Places of one state: along the primary key, or the key of the tab."""
    bounds, bound_parameters = window.condition()
    narrower, parameters = _narrower(filters)
    state = State.ARCHIVED if filters.archived else State.ACTIVE
    tab = "" if filters.tab is None else f" AND i.tab = {filters.tab:d}"
    text = f"SELECT i.seq FROM {_ITEM} i WHERE i.recipient_id = %s AND i.state = {state:d}{tab}{bounds}{narrower}"
    return f"{text} {window.order} {window.cut}", [person, *bound_parameters, *parameters]


def _unread_places(person: int, filters: Filters, window: Window) -> Sql:
    """Unread places: above the mark of each tab, and those forced below it. Each part reads its own index, and no
    more of it than a page."""
    bounds, bound_parameters = window.condition()
    narrower, parameters = _narrower(filters)
    tabs = list(Tab) if filters.tab is None else [filters.tab]
    rest = f"{bounds}{narrower} {window.order} {window.cut}"
    active = f"SELECT i.seq FROM {_ITEM} i WHERE i.recipient_id = %s AND i.state = 0"
    mark = f"coalesce((SELECT read_upto FROM {_MARK} WHERE recipient_id = %s AND tab = {{}}), 0)"
    parts: list[Sql] = []
    for tab in tabs:
        above = f"{active} AND i.tab = {tab:d} AND i.read_at IS NULL AND i.seq > {mark.format(int(tab))}{rest}"
        parts.append((above, [person, person, *bound_parameters, *parameters]))
    within = f" AND i.tab = {filters.tab:d}" if filters.tab is not None else ""
    parts.append((f"{active} AND i.forced{within}{rest}", [person, *bound_parameters, *parameters]))
    union = " UNION ALL ".join(f"SELECT seq FROM ({text}) p{number}" for number, (text, _) in enumerate(parts))
    return (
        f"SELECT i.seq FROM ({union}) i {window.order} {window.cut}",
        [value for _, values in parts for value in values],
    )


def _narrower(filters: Filters) -> Sql:
    """Conditions on what is said; without any, the notification is not looked at to find the places."""
    conditions: list[str] = []
    parameters: list[Any] = []
    if filters.workflow:
        conditions.append("n.notice_key = %s")
        parameters.append(filters.workflow)
    if filters.level:
        conditions.append("n.level = %s")
        parameters.append(filters.level)
    if filters.category:
        conditions.append(
            f"n.notice_key IN (SELECT t.key FROM {NoticeType._meta.db_table} t JOIN {Category._meta.db_table} c"
            " ON c.id = t.category_id WHERE c.key = %s AND (t.tenant_id IS NULL OR t.tenant_id = n.tenant_id))"
        )
        parameters.append(filters.category)
    if filters.q:
        body = "n.content ->> 'body'" if connection.vendor == "postgresql" else "json_extract(n.content, '$.body')"
        like = "ILIKE" if connection.vendor == "postgresql" else "LIKE"
        conditions.append(f"(n.title {like} %s ESCAPE '!' OR {body} {like} %s ESCAPE '!')")
        parameters += [_pattern(filters.q)] * 2
    if not conditions:
        return "", []
    said = f"SELECT 1 FROM {_NOTIFICATION} n WHERE n.id = i.notification_id AND {' AND '.join(conditions)}"
    return f" AND EXISTS ({said})", parameters


def _pattern(text: str) -> str:
    return "%" + text.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"


def _entries(person: int, places: Sql, order: str) -> list[Entry]:
    text, parameters = places
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.seq, i.rev, i.tab, i.state, i.read_at IS NOT NULL, i.forced, coalesce(m.read_upto, 0),"
            f" n.public_id, n.notice_key, n.content, n.created_at, n.about FROM ({text}) p"
            f" JOIN {_ITEM} i ON i.recipient_id = %s AND i.seq = p.seq"
            f" JOIN {_NOTIFICATION} n ON n.id = i.notification_id"
            f" LEFT JOIN {_MARK} m ON m.recipient_id = i.recipient_id AND m.tab = i.tab {order}",
            [*parameters, person],
        )
        return _as_seen(person, list(_read(cursor.fetchall())))


def _as_seen(person: int, entries: list[Entry]) -> list[Entry]:
    """The site's hook is asked whenever an inbox is read, once for all entries."""
    kept_back = visibility.look({(person, str(target)) for entry in entries for target in entry.about}).kept_back
    if not kept_back:
        return entries
    return [replace(one, hidden=any((person, str(target)) in kept_back for target in one.about)) for one in entries]


def _read(rows: Iterable[Sequence[Any]]) -> Iterable[Entry]:
    for seq, rev, tab, state, read, forced, mark, public_id, key, content, created_at, about in rows:
        yield Entry(
            id=public_id if isinstance(public_id, UUID) else UUID(public_id),
            seq=seq,
            rev=rev,
            workflow=key,
            content=Content.stored({**json.loads(content), "tab": tab}),
            created_at=rowset.moment(created_at),
            state=State(state),
            read=bool(not forced and (read or seq <= mark)),
            about=of_lines(about),
        )
