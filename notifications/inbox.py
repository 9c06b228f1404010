"""The front door of the inbox: post to people, change what they have read, list, count, and tell what changed.

Every change takes the person's state row first and gives what it touched the next revision, so that a client that
knows a revision can ask for exactly what came after it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from .listing import Entry, Filters, unread_places
from .live import line
from .models import InboxItem, InboxState, Mark, Recipient, State, Tab
from .posting import Post, fresh_epoch, post, withdraw, withdraw_page
from .reactions import Reaction, reactions, readers
from .reading import (
    CAP,
    BadCursor,
    Changes,
    Page,
    Unread,
    changes_since,
    current_cursor,
    get_item,
    list_items,
    unread_count,
)

__all__ = [
    "CAP",
    "BadCursor",
    "Changes",
    "Entry",
    "Filters",
    "Page",
    "Post",
    "Reaction",
    "Unread",
    "archive",
    "changes_since",
    "current_cursor",
    "delete",
    "get_item",
    "list_items",
    "mark_read",
    "mark_seen",
    "mark_unread",
    "new_epoch",
    "post",
    "reactions",
    "read_all",
    "read_matching",
    "readers",
    "unarchive",
    "unread_count",
    "withdraw",
    "withdraw_page",
]


def mark_read(recipient: Recipient | int, items: Sequence[UUID], *, now: datetime) -> int:
    """Mark these items read; how many were not. Of those that are gone, none."""
    return _change(
        recipient, items, lambda found, rev: found.filter(_UNREAD, _THERE).update(read_at=now, forced=False, rev=rev)
    )


def mark_unread(recipient: Recipient | int, items: Sequence[UUID]) -> int:
    """Mark these items unread; how many were not. Below the read-all mark an item is unread by force."""
    forced = Case(When(seq__lte=_MARK, then=Value(True)), default=Value(False))
    return _change(
        recipient,
        items,
        lambda found, rev: found.filter(_THERE).exclude(_UNREAD).update(read_at=None, forced=forced, rev=rev),
    )


def archive(recipient: Recipient | int, items: Sequence[UUID]) -> int:
    """Put these items away; how many were there. They are out of the unread number, and their read state is kept."""
    return _move(recipient, items, {State.ACTIVE, State.SNOOZED}, State.ARCHIVED)


def unarchive(recipient: Recipient | int, items: Sequence[UUID]) -> int:
    """Bring archived items back to their old place; how many were archived."""
    return _move(recipient, items, {State.ARCHIVED}, State.ACTIVE)


def delete(recipient: Recipient | int, items: Sequence[UUID]) -> int:
    """Remove these items from this person's sight for good, leaving a tombstone for other devices; how many."""
    return _move(recipient, items, {State.ACTIVE, State.ARCHIVED, State.SNOOZED}, State.DELETED)


def mark_seen(recipient: Recipient | int, upto: int) -> None:
    """The person has looked at everything up to this place (`seq`). A watermark: it never moves back."""
    InboxState.objects.filter(pk=_key(recipient), seen_upto__lt=upto, head__gte=upto).update(seen_upto=upto)


def read_all(recipient: Recipient | int, *, tab: Tab | None = None) -> None:
    """Everything there is now, in one tab or in all, is read. The cost does not depend on how much that is."""
    tabs = [tab] if tab is not None else list(Tab)
    with transaction.atomic():
        state = _locked(recipient)
        if state is None:
            return
        rev = state.head + 1
        marks = [Mark(recipient_id=state.pk, tab=one, read_upto=state.head, rev=rev) for one in tabs]
        _upsert_marks(marks)
        forced = InboxItem.objects.filter(recipient_id=state.pk, forced=True, tab__in=tabs)
        forced.update(forced=False, rev=rev)
        InboxState.objects.filter(pk=state.pk).update(head=rev)
        line.hint([state.pk])


def read_matching(recipient: Recipient | int, filters: Filters, *, now: datetime) -> int:
    """Mark read what is unread and passes these filters; how many that was. One statement, but it grows with them:
    for a whole tab there is `read_all`."""
    with transaction.atomic():
        state = _locked(recipient)
        if state is None:
            return 0
        places, parameters = unread_places(state.pk, filters)
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {InboxItem._meta.db_table} SET read_at = %s, forced = %s, rev = %s"
                f" WHERE recipient_id = %s AND seq IN ({places})",
                [connection.ops.adapt_datetimefield_value(now), False, state.head + 1, state.pk, *parameters],
            )
            changed = int(cursor.rowcount)
        if changed:
            InboxState.objects.filter(pk=state.pk).update(head=F("head") + 1)
            line.hint([state.pk])
        return changed


def new_epoch() -> int:
    """After restoring a backup: no cursor given out before fits any more, so every client loads its page anew."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {InboxState._meta.db_table} SET epoch = {fresh_epoch(connection)}")
        return int(cursor.rowcount)


_MARK = Coalesce(
    Subquery(Mark.objects.filter(recipient_id=OuterRef("recipient_id"), tab=OuterRef("tab")).values("read_upto")[:1]),
    Value(0),
)
_UNREAD = Q(forced=True) | Q(read_at__isnull=True, seq__gt=_MARK)


_THERE = Q(state__in=(State.ACTIVE, State.ARCHIVED, State.SNOOZED))
"""Not taken back, replaced or deleted: what became of those does not change any more."""


def _move(recipient: Recipient | int, items: Sequence[UUID], origins: set[State], target: State) -> int:
    return _change(recipient, items, lambda found, rev: found.filter(state__in=origins).update(state=target, rev=rev))


def _change(
    recipient: Recipient | int, items: Sequence[UUID], update: Callable[[QuerySet[InboxItem], int], int]
) -> int:
    """Lock the person's state, apply `update` to those of their items with the next revision, count it if it did."""
    with transaction.atomic():
        state = _locked(recipient)
        if state is None:
            return 0
        mine = InboxItem.objects.filter(recipient_id=state.pk, notification__public_id__in=items)
        keys = list(mine.values_list("seq", flat=True))
        changed = update(InboxItem.objects.filter(recipient_id=state.pk, seq__in=keys), state.head + 1) if keys else 0
        if changed:
            InboxState.objects.filter(pk=state.pk).update(head=F("head") + 1)
            line.hint([state.pk])
        return changed


def _locked(recipient: Recipient | int) -> InboxState | None:
    return InboxState.objects.select_for_update(no_key=True).filter(pk=_key(recipient)).first()


def _upsert_marks(marks: Sequence[Mark]) -> None:
    values = ", ".join(["(%s, %s, %s, %s)"] * len(marks))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Mark._meta.db_table} (recipient_id, tab, read_upto, rev) VALUES {values}"
            " ON CONFLICT (recipient_id, tab) DO UPDATE SET read_upto = excluded.read_upto, rev = excluded.rev",
            [value for mark in marks for value in (mark.recipient_id, mark.tab, mark.read_upto, mark.rev)],
        )


def _key(recipient: Recipient | int) -> int:
    return recipient if isinstance(recipient, int) else recipient.pk
