"""When digests would close for those who only ask: the windows that are open are read, and nobody joins them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from notifications.kernel import rowset

from .collecting import Collect, Entry, Key
from .models import Window
from .people import People
from .step import Scene


class _Open(NamedTuple):
    n: int
    closes_at: datetime
    latest_at: datetime


def closing_times(collect: Collect, people: People, scene: Scene) -> dict[int, datetime]:
    """When each of these people would go on, by place: when their window closes, or the one that they would open. One
    query. A window whose time is over by then has been told; where the first goes on by itself, so do they."""
    keys = {place: (scene.ids[place], collect.entries[place].scope) for place in people}
    windows = _open_after(scene, sorted(set(keys.values())))
    return {place: _closes(collect, collect.entries[place], windows.get(key), scene) for place, key in keys.items()}


def _closes(collect: Collect, entry: Entry, window: _Open | None, scene: Scene) -> datetime:
    if window is None:
        return entry.closes_at if collect.open is None else scene.now
    if collect.most is not None and window.n + 1 >= collect.most:
        return scene.now
    return min(window.latest_at, max(window.closes_at, entry.closes_at)) if collect.slides else window.closes_at


def _open_after(scene: Scene, keys: Sequence[Key]) -> Mapping[Key, _Open]:
    """Those of these people and scopes that are open, and still will be at the time of the scene."""
    if not keys:
        return {}
    source, values = rowset.table(
        connection,
        "t",
        {"recipient": ("bigint", [key[0] for key in keys]), "scope": ("text", [key[1] for key in keys])},
        sought=True,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT w.recipient_id, w.scope, w.n, w.closes_at, w.latest_at FROM {source}"
            f" JOIN {Window._meta.db_table} w ON w.recipient_id = t.recipient AND w.scope = t.scope"
            " WHERE NOT w.closed AND w.closes_at > %s",
            [*values, connection.ops.adapt_datetimefield_value(scene.now)],
        )
        rows = cursor.fetchall()
    return {
        (person, scope): _Open(n, rowset.moment(closes_at), rowset.moment(latest_at))
        for person, scope, n, closes_at, latest_at in rows
    }
