"""Into windows, and out of them again: what digests collect, by set.

Of each person, digest and key there is one open window, which a partial unique index holds. Who collects makes it or
joins it in one statement, so two who come at once share one. Windows are locked in the order of their people, those
that are closed before those that are open, so nobody waits in a circle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from django.db import connection

from notifications.kernel import rowset

from .models import HOUSE, Run, Window, WindowItem
from .people import NOBODY, People
from .step import Scene, Stale

Key = tuple[int, str]
"""By what an open window is found: (person, scope)."""


@dataclass(frozen=True)
class Entry:
    """What one person brings to one window: until when that is open if they are the first, and how far it may slide."""

    scope: str
    closes_at: datetime
    latest_at: datetime


@dataclass(frozen=True)
class Collect:
    """Puts people's events into their windows. Equal entries are one object. Whoever is in `leads` opens a window and
    leaves it empty; then everybody else is to find the window that was `open` when this was planned, or the one that
    was opened for them."""

    entries: dict[int, Entry]
    most: int | None = None
    slides: bool = False
    leads: People = NOBODY
    open: dict[Key, int] | None = None

    def apply(self, live: People, scene: Scene) -> None:
        leading, joining = self.leads & live, People.of(self.entries) & live - self.leads
        if self._is_plain(scene):
            self._collect(joining, scene)
            return
        opened = self._open(leading, scene) if leading else {}
        weights = _weights(joining, scene)
        windows = self._join(joining, weights, scene) if joining else {}
        if self.open is not None:
            self._check({**self.open, **opened}, windows, self.leads - live, scene)
        _add_items(joining, {place: windows[self._key(place, scene)] for place in joining}, scene)

    def _is_plain(self, scene: Scene) -> bool:
        """One event, which comes to each person once and to windows that close at one time: the usual one of very many
        people. Then a window needs nothing of its own but its person."""
        if connection.vendor != "postgresql" or len(scene.runs) > 1 or scene.windows:
            return False
        first = next(iter(self.entries.values()))
        return self.open is None and self.most is None and all(one is first for one in self.entries.values())

    def _collect(self, joining: People, scene: Scene) -> None:
        """The same in one statement, which sends the people alone and asks for nothing back."""
        entry, (run, _) = next(iter(self.entries.values())), scene.runs[0]
        closes, later = self._closing(scene)
        source, people = rowset.table(connection, "t", {"recipient": ("bigint", [scene.ids[one] for one in joining])})
        with connection.cursor() as cursor:
            cursor.execute(
                f"WITH w AS ({_INSERT} SELECT %s, %s, t.recipient, %s, %s, 1, %s, %s, false, %s FROM {source}"
                f" WHERE true ORDER BY t.recipient {_JOIN.format(closes=closes)} RETURNING recipient_id, id)"
                f" {_INSERT_ITEMS} SELECT %s, %s, w.recipient_id, w.id FROM w",
                [
                    *(scene.tenant_id, entry.scope, scene.definition, scene.step, entry.closes_at, entry.latest_at),
                    *(scene.now, *people, *later, run.id, scene.step),
                ],
            )

    def _check(self, expected: dict[Key, int], found: dict[Key, int], gone: People, scene: Scene) -> None:
        """Raises Stale when a window is not the one that was expected. Where the leader has gone meanwhile (its run was
        cancelled), those behind it are collected."""
        leaderless = {self._key(place, scene) for place in gone}
        if any(expected.get(key) != pk for key, pk in found.items() if key not in leaderless):
            raise Stale

    def _key(self, place: int, scene: Scene) -> Key:
        return scene.ids[place], self.entries[place].scope

    def _open(self, leading: People, scene: Scene) -> dict[Key, int]:
        """An empty window for each. Raises Stale when somebody has one by now."""
        opened = self._upsert(
            {self._key(place, scene): (place, 0) for place in leading}, scene, f"{_CONFLICT} DO NOTHING", []
        )
        if len(opened) < len(leading):
            raise Stale
        return opened

    def _join(self, joining: People, weights: dict[int, int], scene: Scene) -> dict[Key, int]:
        """The window of each, counted up by what they bring."""
        rows: dict[Key, tuple[int, int]] = {}
        for place in joining:
            key = self._key(place, scene)
            rows[key] = (place, rows.get(key, (place, 0))[1] + weights[place])
        closes, parameters = self._closing(scene)
        return self._upsert(rows, scene, _JOIN.format(closes=closes), parameters)

    def _closing(self, scene: Scene) -> tuple[str, list[Any]]:
        """SQL for when a window that is joined closes, and its parameters."""
        table, now = _WINDOW, connection.ops.adapt_datetimefield_value(scene.now)
        closes, parameters = f"{table}.closes_at", list[Any]()
        if self.slides:
            first, last = ("least", "greatest") if connection.vendor == "postgresql" else ("min", "max")
            later = f"{first}({table}.latest_at, {last}({table}.closes_at, excluded.closes_at))"
            closes, parameters = f"CASE WHEN {table}.closes_at <= %s THEN {table}.closes_at ELSE {later} END", [now]
        if self.most is not None:
            full = f"{table}.n + excluded.n >= %s AND {table}.closes_at > excluded.created_at"
            closes = f"CASE WHEN {full} THEN excluded.created_at ELSE {closes} END"
            parameters = [self.most, *parameters]
        return closes, parameters

    def _upsert(
        self, rows: dict[Key, tuple[int, int]], scene: Scene, conflict: str, parameters: Sequence[Any]
    ) -> dict[Key, int]:
        """Write (place, events) for each key; the windows that were written, by key."""
        at, keys = connection.ops.adapt_datetimefield_value, sorted(rows)
        spelt = cache(lambda moment: str(at(moment)))  # most close at the same time
        entries = [self.entries[rows[key][0]] for key in keys]
        counts = [rows[key][1] for key in keys]
        full = [self.most is not None and n >= self.most for n in counts]
        ends = [scene.now if early else entry.closes_at for entry, early in zip(entries, full, strict=True)]
        source, values = rowset.table(
            connection,
            "t",
            {
                "recipient": ("bigint", [key[0] for key in keys]),
                "scope": ("text", [key[1] for key in keys]),
                "n": ("bigint", counts),
                "closes_at": ("timestamptz", [spelt(end) for end in ends]),
                "latest_at": ("timestamptz", [spelt(entry.latest_at) for entry in entries]),
            },
        )
        with connection.cursor() as cursor:
            cursor.execute(
                f"{_INSERT} SELECT %s, t.scope, t.recipient, %s, %s, t.n, t.closes_at, t.latest_at, false, %s"
                f" FROM {source} WHERE true ORDER BY t.recipient, t.scope {conflict} RETURNING recipient_id, scope, id",
                [scene.tenant_id, scene.definition, scene.step, at(scene.now), *values, *parameters],
            )
            return {(row[0], row[1]): row[2] for row in cursor.fetchall()}


def _weights(people: People, scene: Scene) -> dict[int, int]:
    """How many events each brings: one, or what a digest before this one has collected."""
    return {
        place: 1 if run.digest is None else run.digest.count for run, of_run in scene.runs for place in of_run & people
    }


def _add_items(people: People, windows: dict[int, int], scene: Scene) -> None:
    """Who comes from a digest brings its events along."""
    if not people:
        return
    with connection.cursor() as cursor:
        if scene.windows:
            old = {"old": ("bigint", [scene.windows[place] for place in people])}
            new = {"new": ("bigint", [windows[place] for place in people])}
            source, values = rowset.table(connection, "t", {**old, **new}, sought=True)
            cursor.execute(
                f"{_INSERT_ITEMS} SELECT i.run_id, %s, i.recipient_id, t.new FROM {source} JOIN {_ITEM} i"
                " ON i.window_id = t.old",
                [scene.step, *values],
            )
            return
        runs = {place: run.id for run, of_run in scene.runs for place in of_run & people}
        source, values = rowset.table(
            connection,
            "t",
            {
                "run": ("bigint", [runs[place] for place in people]),
                "recipient": ("bigint", [scene.ids[place] for place in people]),
                "win": ("bigint", [windows[place] for place in people]),
            },
        )
        cursor.execute(f"{_INSERT_ITEMS} SELECT t.run, %s, t.recipient, t.win FROM {source}", [scene.step, *values])


class OpenWindow(NamedTuple):
    """One that is open: how much is in it, and when it closes, at the latest where it slides."""

    id: int
    n: int
    closes_at: datetime
    latest_at: datetime


def open_windows(keys: Sequence[Key]) -> dict[Key, OpenWindow]:
    """Those of these people and scopes that are open now. One query, if there are any keys."""
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
            "SELECT w.recipient_id, w.scope, w.id, w.n, w.closes_at, w.latest_at"
            f" FROM {source} JOIN {Window._meta.db_table} w"
            " ON w.recipient_id = t.recipient AND w.scope = t.scope WHERE NOT w.closed",
            values,
        )
        rows = cursor.fetchall()
    return {
        (person, scope): OpenWindow(pk, n, rowset.moment(closes_at), rowset.moment(latest_at))
        for person, scope, pk, n, closes_at, latest_at in rows
    }


def take_out(run: Run, *, recipients: Sequence[int] | None = None) -> set[int]:
    """Take a run's events, or those of these people, out of the windows that are open, and of the digests that still
    walk; for which people that came in time, before their window closed. In the transaction of a cancel, which holds
    the run."""
    window, item = Window._meta.db_table, WindowItem._meta.db_table
    mine, parameters = "i.run_id = %s", [run.pk]
    if recipients is not None:
        theirs, values = rowset.any_of(connection, "i.recipient_id", recipients)
        mine, parameters = f"{mine} AND {theirs}", [run.pk, *values]
    if not WindowItem.objects.filter(run_id=run.pk).exists():
        return set()
    carried = f"w.carrier_id IN (SELECT id FROM {Run._meta.db_table} WHERE finished_at IS NULL)"
    _lock_windows(mine, parameters, carried)
    _lock_windows(mine, parameters, "true")  # also those that were closed since the statement before
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT i.window_id, i.recipient_id, w.closed FROM {item} i JOIN {window} w ON w.id = i.window_id"
            f" WHERE {mine} AND (NOT w.closed OR {carried})",
            parameters,
        )
        rows = cursor.fetchall()
        if not rows:
            return set()
        chosen, ids = rowset.ids(connection, [row[0] for row in rows])
        cursor.execute(f"DELETE FROM {item} WHERE run_id = %s AND window_id IN {chosen}", [run.pk, *ids])
        cursor.execute(f"UPDATE {window} SET n = n - 1 WHERE id IN {chosen}", ids)
    return {recipient for _, recipient, closed in rows if not closed and recipient != HOUSE}


def _lock_windows(mine: str, parameters: Sequence[Any], condition: str) -> None:
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT w.id FROM {Window._meta.db_table} w WHERE w.id IN"
            f" (SELECT i.window_id FROM {WindowItem._meta.db_table} i WHERE {mine}) AND {condition}"
            " ORDER BY w.recipient_id, w.scope FOR UPDATE OF w",
            parameters,
        )


_WINDOW, _ITEM = Window._meta.db_table, WindowItem._meta.db_table
_INSERT = (
    f"INSERT INTO {_WINDOW} (tenant_id, scope, recipient_id, definition_id, step, n, closes_at, latest_at, closed,"
    " created_at)"
)
_INSERT_ITEMS = f"INSERT INTO {_ITEM} (run_id, step, recipient_id, window_id)"
_CONFLICT = "ON CONFLICT (recipient_id, scope) WHERE NOT closed"
_JOIN = f"{_CONFLICT} DO UPDATE SET n = {_WINDOW}.n + excluded.n, closes_at = {{closes}}"
