"""Digests on their way: what those hold now that walk on behind the step that collected."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from django.db import connection

from notifications.kernel import rowset

from .definition import Body, load
from .models import Chunk, Run, Window, WindowItem
from .people import NOBODY, People
from .step import Digest, RunFacts, Scene, Stale, event

ITEMS = 10
"""So many events of a digest its texts see, unless the step says otherwise."""


Events = Mapping[int, Sequence[int]]
"""By window: the first of its events, by run, in the order in which they were triggered."""


def carried(chunk: Chunk, people: People) -> list[tuple[RunFacts, People]]:
    """What each of these digests holds now. One `RunFacts` for all that hold the same, so that they share their words.
    Three queries."""
    windows, runs = chunk.windows or [], _carriers(chunk)
    ids = sorted({windows[place] for place in people})  # who is called in shares the house's
    carriers = Run.objects.filter(tenant=chunk.tenant_id, pk=runs[next(iter(people))])
    step = carriers.values_list("digest", flat=True).get()
    return facts_of(chunk, people, held_by(ids, most=shown_at(load(chunk.definition_id), step)))


def facts_of(
    chunk: Chunk, people: People, held: Mapping[int, tuple[int, Sequence[int]]]
) -> list[tuple[RunFacts, People]]:
    """The same, where it is known how many events each window has, and the first of them. One query."""
    windows, runs = chunk.windows or [], _carriers(chunk)
    alike: dict[tuple[int, int, tuple[int, ...]], list[int]] = defaultdict(list)
    for place in people:
        n, events = held.get(windows[place], (0, ()))
        alike[runs[place], n, tuple(events)].append(place)
    facts = _facts({run for carrier, _, events in alike for run in (carrier, *events)})
    return [(_digest(facts, carrier, n, events), People.of(places)) for (carrier, n, events), places in alike.items()]


def _carriers(chunk: Chunk) -> Sequence[int]:
    """The run of each place."""
    return chunk.runs or [chunk.run_id or 0] * len(chunk.people)


def _counts(windows: Sequence[int]) -> dict[int, int]:
    """How many events each of these windows holds."""
    source, values = rowset.table(connection, "t", {"id": ("bigint", windows)}, sought=True)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT w.id, w.n FROM {source} JOIN {Window._meta.db_table} w ON w.id = t.id", values)
        return dict(cursor.fetchall())


def shown_at(body: Body, step: str) -> int:
    """How many events of this digest texts see."""
    shown: int = (body.step_at(step) or {}).get("items", ITEMS)
    return shown


def held_by(windows: Sequence[int], *, most: int) -> dict[int, tuple[int, Sequence[int]]]:
    """How many events each window holds, and the first of them. Two queries."""
    counts, events = _counts(windows), events_in(windows, most=most)
    return {window: (n, events.get(window, ())) for window, n in counts.items()}


def events_in(windows: Sequence[int], *, most: int) -> dict[int, list[int]]:
    """The first events of each window that has any, by run, in the order in which they were triggered. One query."""
    item = WindowItem._meta.db_table
    source, values = rowset.table(connection, "t", {"id": ("bigint", windows)}, sought=True)
    if connection.vendor == "postgresql":
        first = f"SELECT i.run_id FROM {item} i WHERE i.window_id = t.id ORDER BY i.run_id LIMIT {most:d}"
        query = f"SELECT t.id, f.run_id FROM {source} CROSS JOIN LATERAL ({first}) f"
    else:
        turn = "row_number() OVER (PARTITION BY i.window_id ORDER BY i.run_id) AS turn"
        ranked = f"SELECT i.window_id, i.run_id, {turn} FROM {source} JOIN {item} i ON i.window_id = t.id"
        query = f"SELECT window_id, run_id FROM ({ranked}) r WHERE turn <= {most:d}"
    found: dict[int, list[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        for window, run in cursor.fetchall():
            found.setdefault(window, []).append(run)
    for events in found.values():
        events.sort()
    return found


class Item(NamedTuple):
    """An event that a digest has collected, and the object that it is about."""

    run: int
    target: str


def items_about(scene: Scene, people: People) -> dict[int, list[Item]]:
    """The events of these people's digests that are about an object, by place. One query; none where all that these
    digests hold is known, and is about nothing."""
    if all(run.digest and not run.digest.about and len(run.digest.items) == run.digest.count for run, _ in scene.runs):
        return {}
    windows = {scene.windows[place] for place in people}
    source, values = rowset.table(connection, "t", {"id": ("bigint", sorted(windows))})
    found: dict[int, list[Item]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT t.id, r.id, r.target FROM {source} JOIN {WindowItem._meta.db_table} i ON i.window_id = t.id"
            f" JOIN {Run._meta.db_table} r ON r.id = i.run_id WHERE r.target <> ''",
            values,
        )
        for window, run, target in cursor.fetchall():
            found[window].append(Item(run, target))
    return {place: found[scene.windows[place]] for place in people if scene.windows[place] in found}


def without(scene: Scene, barred: Mapping[int, Collection[int]]) -> Scene:
    """The scene in which the digests at these places lack the events of these runs; something is left of each. Three
    queries."""
    carriers = {place: run for run, of_run in scene.runs for place in of_run if place in barred}
    step = Run.objects.filter(tenant=scene.tenant_id, pk=next(iter(carriers.values())).id).values_list("digest").get()
    most = shown_at(scene.body, step[0])
    longest = most + max(len(some) for some in barred.values())
    held = held_by(sorted({scene.windows[place] for place in barred}), most=longest)
    alike: dict[tuple[int, int, tuple[int, ...]], list[int]] = defaultdict(list)
    for place, some in barred.items():
        left = [run for run in held.get(scene.windows[place], (0, ()))[1] if run not in some][:most]
        carrier = carriers[place]
        alike[carrier.id, carrier.collected.count - len(some), tuple(left)].append(place)
    facts = _facts({run for carrier, _, events in alike for run in (carrier, *events)})
    others = [(run, of_run - People.of(barred)) for run, of_run in scene.runs]
    fewer = [(_digest(facts, carrier, n, events), People.of(places)) for (carrier, n, events), places in alike.items()]
    return replace(scene, runs=[(run, of_run) for run, of_run in others if of_run] + fewer)


def _facts(runs: set[int]) -> dict[int, RunFacts]:
    rows = Run.objects.across_tenants().filter(pk__in=runs)
    names = ("pk", "public_id", "transaction_id", "payload", "actor__name", "start_at", "target")
    return {
        pk: RunFacts(pk, public, name, payload, actor or "", at, target=target)
        for pk, public, name, payload, actor, at, target in rows.values_list(*names)
    }


def _digest(facts: Mapping[int, RunFacts], carrier: int, n: int, events: Sequence[int]) -> RunFacts:
    """The carrier as a step knows it, with what this digest of its has collected."""
    found = [facts[run] for run in events if run in facts]
    about = tuple(one.target for one in found if one.target)
    digest = Digest(n, [event(one.payload, one.actor, one.at) for one in found], about)
    first = found[0] if found else facts[carrier]
    return replace(facts[carrier], payload=first.payload, actor=first.actor, at=first.at, digest=digest)


def emptied(scene: Scene) -> People:
    """Those of these digests that have no event left: all were cancelled. Holds their windows, so that a cancel waits
    for us, or we for it. Raises Stale when one has lost an event since the scene was set, and OperationalError
    (55P03) when a cancel is under way."""
    if not scene.windows:
        return NOBODY
    seen = {scene.windows[place]: run.digest.count for run, of_run in scene.runs if run.digest for place in of_run}
    some = {window: n for window, n in seen.items() if n}  # one that is empty stays so
    if _still(some) < len(some):
        raise Stale
    return People.of(place for place in scene.people if not seen.get(scene.windows[place]))


def _still(seen: Mapping[int, int]) -> int:
    """Of how many of these windows that is still the number of events; all of them are held. Nobody is waited for, so
    they need not come in any order."""
    source, values = rowset.table(
        connection, "t", {"id": ("bigint", list(seen)), "n": ("bigint", list(seen.values()))}, sought=True
    )
    holding = " FOR SHARE OF w NOWAIT" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT w.n AS now, t.n AS seen"
            f" FROM {source} JOIN {Window._meta.db_table} w ON w.id = t.id{holding}) AS held WHERE now = seen",
            values,
        )
        return int(cursor.fetchone()[0])
