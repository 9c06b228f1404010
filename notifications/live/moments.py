"""Several things that a hub reads as they were at one moment, so that places and numbers belong together."""

from __future__ import annotations

from collections.abc import Mapping

from ..kernel.snapshot import one_moment
from ..reading import Unread
from . import rows
from .rows import News, Position


def standing(people: list[int]) -> tuple[dict[int, Position], dict[int, Unread]]:
    with one_moment():
        return rows.heads(people), rows.unread(people)


def missed(person: int, since: Position) -> tuple[News | None, Unread]:
    with one_moment():
        return rows.news({person: since}).get(person), rows.unread([person])[person]


def where(people: list[int], known: Mapping[int, Position]) -> tuple[dict[int, Position], dict[int, Unread]]:
    """Heads of all; unread numbers of those who moved since they were last counted."""
    with one_moment():
        now_at = rows.heads(people)
        moved = [person for person in people if known.get(person) != now_at[person]]
        return now_at, rows.unread(moved) if moved else {}


def news_with_counts(since: Mapping[int, Position]) -> dict[int, tuple[News, Unread | None]]:
    """With the exact unread number for those to whom more happened than new items: they are read once more, so that
    number and place are of one moment."""
    found = rows.news(since)
    touched = [person for person, new in found.items() if any(one.kind != "item" for one in new.changes)]
    if not touched:
        return {person: (new, None) for person, new in found.items()}
    with one_moment():
        found |= rows.news({person: since[person] for person in touched})
        counts = rows.unread(touched)
    return {person: (new, counts.get(person)) for person, new in found.items()}
