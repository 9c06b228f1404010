"""What an inbox shows: pages, the unread number, and the changes since a cursor. Reads only; nothing is locked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection

from .conf import conf
from .listing import Entry, Filters, Window, chosen, listed
from .models import InboxItem, InboxState, Mark, Notification, Recipient, Tab


class BadCursor(ValueError):
    """A cursor that we never gave out."""


CURSOR_MAX = 100

CAP = 99
"""Counts are exact up to here, and "99+" beyond, at a cost that does not grow."""


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
class Changes:
    """Everything since a cursor, in order of change; or `resync`: load the page anew and go on from `cursor`."""

    cursor: str
    entries: list[Entry] = field(default_factory=list)
    marks: dict[Tab, int] = field(default_factory=dict)
    resync: bool = False


def list_items(
    recipient: Recipient | int, *, filters: Filters | None = None, limit: int | None = None, cursor: str = ""
) -> Page:
    """A page of this person's items, newest first. `cursor` comes from a `Page`; a foreign one raises `BadCursor`.

    One statement, whatever the number of items. What is hidden from them is left out, so a page may be shorter.
    """
    size = min(limit or conf().page_size, conf().page_size_max)
    newer, bound = _bound(cursor)
    window = Window(size + 1, above=bound if newer else None, below=None if newer else bound, ascending=newer)
    entries = listed(_key(recipient), filters or Filters(), window)
    more, entries = len(entries) > size, entries[:size]
    if newer:
        entries.reverse()
    return Page(
        [entry for entry in entries if not entry.hidden],
        older=f"o{entries[-1].seq}" if entries and (more or newer) else None,
        newer=f"n{entries[0].seq}" if entries and bound is not None and (more or not newer) else None,
    )


def get_item(recipient: Recipient | int, public_id: UUID) -> Entry | None:
    """One item of this person by the public id of its notification, also one that is `gone`."""
    said = Notification.everything.filter(public_id=public_id).values_list("pk", flat=True).first()
    if said is None:
        return None
    found = chosen(_key(recipient), "i.notification_id = %s", [said], limit=1)
    return found[0] if found else None


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
    new = chosen(person, "i.seq > %s AND i.seq <= %s", [since, head], limit=limit + 1)
    changed = chosen(
        person,
        "i.rev > %s AND i.rev <= %s AND i.rev <> i.seq AND i.seq <= %s",
        [since, head, since],
        limit=limit + 1,
    )
    if len(new) + len(changed) > limit:
        return Changes(now_at, resync=True)
    moved = Mark.objects.filter(recipient_id=person, rev__gt=since, rev__lte=head).values_list("tab", "read_upto")
    entries = sorted([*new, *changed], key=lambda entry: (entry.rev, entry.seq))
    return Changes(now_at, entries, {Tab(tab): upto for tab, upto in moved})


def _since(cursor: str, epoch: int, head: int) -> int | None:
    """The revision in `cursor`, or None when it belongs to another history."""
    given_epoch, dot, given_rev = cursor.partition(".")
    numbers = given_epoch + given_rev
    if len(cursor) > CURSOR_MAX or not (dot and given_epoch and given_rev and numbers.isascii() and numbers.isdigit()):
        raise BadCursor("A cursor looks like `epoch.rev`, two whole numbers.")
    if int(given_epoch) == 0 and int(given_rev) == 0:
        return 0  # the inbox was empty: everything is news
    return int(given_rev) if int(given_epoch) == epoch and int(given_rev) <= head else None


def _bound(cursor: str) -> tuple[bool, int | None]:
    """Which way a page cursor leads, and from which place."""
    if not cursor:
        return False, None
    if cursor[0] not in "on" or len(cursor) > 19 or not (cursor[1:].isascii() and cursor[1:].isdigit()):
        raise BadCursor("That page cursor is not one of ours. Take `next` or `previous` of an answer.")
    return cursor[0] == "n", int(cursor[1:])


def _key(recipient: Recipient | int) -> int:
    return recipient if isinstance(recipient, int) else recipient.pk
