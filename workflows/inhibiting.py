"""Which runs keep an inhibition going: looked up for a whole set of notices at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db import connection
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet
from django.db.models.fields.json import KeyTransform

from .hearing import ACKNOWLEDGED
from .matching import WhileActive, fits_any
from .models import Act, Run, Status
from .people import NOBODY, People
from .step import Scene, join

DIFFERING = 10_000
"""Of causes that differ in what is read of them, so many are looked at, those that started last."""

Values = tuple[Any, ...]


@dataclass(frozen=True)
class Asked:
    """An inhibition, by name, and the people whom its matcher fits."""

    going: WhileActive
    name: str
    people: People


def held_back(asked: Sequence[Asked], scene: Scene) -> Iterator[tuple[Asked, People]]:
    """Whom each of these holds back now. One query for all of them, along the index of runs by workflow and start; one
    more if any names workflows by a pattern."""
    wanted = [(one, _by_values(one, scene)) for one in asked]
    wanted = [(one, groups) for one, groups in wanted if groups]
    if not wanted:
        return
    started = _started([(one.going, groups) for one, groups in wanted], scene)
    for one, groups in wanted:
        active = _active(one.going, started, now=scene.now)
        yield one, join([people for values, people in groups.items() if values in active] or [NOBODY])


def _by_values(one: Asked, scene: Scene) -> dict[Values, People]:
    """The people by what has to be equal. Runs that keep the rule going themselves are not asked about."""
    found: dict[Values, People] = {}
    for run, of_run in scene.runs:
        people = of_run & one.people
        values = one.going.values(run.payload) if people else None
        if values is not None and not one.going.keeps_going(scene.body.key, run.payload):
            found[values] = found.get(values, NOBODY) | people
    return found


@dataclass(frozen=True)
class _Started:
    """Runs of this workflow whose payload says the same at all paths that are read: when the last of them started, and
    the last that was not acknowledged."""

    workflow: str
    payload: Mapping[str, Any]
    unacknowledged_at: datetime | None
    at: datetime


def _started(rules: Sequence[tuple[WhileActive, Mapping[Values, People]]], scene: Scene) -> list[_Started]:
    """What started lately that any of the rules may look at: a row for each that differs in what is read."""
    paths = sorted({path for going, _ in rules for path in going.paths})
    keys = keys_of([going for going, _ in rules], scene.tenant_id)
    runs = candidates(scene.tenant_id, paths).filter(start_at__lte=scene.now)
    runs = runs.filter(reduce(or_, [_concerns(going, groups, keys, paths, scene.now) for going, groups in rules]))
    waits = ~Exists(Act.objects.filter(run=OuterRef("pk"), kind=ACKNOWLEDGED))
    rows = runs.values_list("workflow", *_names(paths))
    rows = rows.annotate(unacknowledged_at=Max("start_at", filter=Q(waits)), at=Max("start_at")).order_by("-at")
    return [_Started(key, payload_of(paths, values), waiting, at) for key, *values, waiting, at in rows[:DIFFERING]]


def candidates(tenant: int, paths: Sequence[str], *, cancelled: bool = False) -> QuerySet[Run]:
    """Runs that were triggered and did not fail, with the values at these paths of their payload as `at_0`, `at_1`…
    Those that were cancelled too, if that is said."""
    runs = Run.objects.filter(tenant=tenant, digest="").exclude(status=Status.FAILED)
    runs = runs if cancelled else runs.filter(cancelled_at__isnull=True)
    return runs.annotate(**{name: _at(path) for name, path in zip(_names(paths), paths, strict=True)})


def _concerns(
    going: WhileActive, groups: Mapping[Values, People], keys: Collection[str], paths: Sequence[str], now: datetime
) -> Q:
    """Of the right workflows, not too old, and with values that somebody here has. What is equal to the database may be
    of another type, which is looked at behind it."""
    mine = [key for key in keys if fits_any(key, (*going.workflows, *going.resolved_by))]
    found = Q(workflow__in=mine, start_at__gt=now - timedelta(seconds=going.seconds))
    for place, path in enumerate(going.equal):
        wanted = [value for _, value in dict.fromkeys(values[place] for values in groups)]
        found &= Q(**{f"at_{paths.index(path)}__in": wanted})
    return found


def _active(going: WhileActive, started: Sequence[_Started], *, now: datetime) -> set[Values]:
    """The values with which something is active: started last, and not resolved since."""
    begun, resolved = dict[Values, datetime](), dict[Values, datetime]()
    since = now - timedelta(seconds=going.seconds)
    for one in started:
        values = going.values(one.payload)
        if values is None:
            continue
        waiting = one.unacknowledged_at
        if waiting is not None and waiting > since and going.keeps_going(one.workflow, one.payload):
            begun[values] = max(begun.get(values, waiting), waiting)
        if fits_any(one.workflow, going.resolved_by):
            resolved[values] = max(resolved.get(values, one.at), one.at)
    return {values for values, at in begun.items() if values not in resolved or resolved[values] < at}


def _names(paths: Sequence[str]) -> list[str]:
    return [f"at_{place}" for place in range(len(paths))]


def _at(path: str) -> KeyTransform:
    """The value of a payload's path, as an expression: no name in it is taken for a lookup."""
    found: Any = F("payload")
    for part in path.split(".")[1:]:
        found = KeyTransform(part, found)
    assert isinstance(found, KeyTransform)
    return found


def payload_of(paths: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    """A payload that says at these paths what the real one does, and nothing else."""
    root: dict[str, Any] = {}
    for path, value in sorted(zip(paths, values, strict=True), key=lambda one: one[0].count(".")):
        *way, last = path.split(".")[1:]
        here: Any = root
        for part in way:
            here = here.setdefault(part, {}) if isinstance(here, dict) else here
        if isinstance(here, dict) and last not in here:
            here[last] = value
    return root


def is_pattern(key: str) -> bool:
    return "*" in key or "?" in key


def keys_of(rules: Sequence[WhileActive], tenant: int) -> list[str]:
    """The workflows whose runs begin or resolve any of these. A query if one is named by a pattern."""
    patterns = {key for going in rules for key in (*going.workflows, *going.resolved_by)}
    return keys_fitting(patterns, tenant)


def keys_fitting(patterns: Collection[str], tenant: int) -> list[str]:
    """The workflows that are meant: those that are named, and those that fit and of which the tenant has runs."""
    known = known_keys(tenant) if any(map(is_pattern, patterns)) else []
    fitting = {key for key in known if fits_any(key, tuple(patterns))}
    return sorted({key for key in patterns if not is_pattern(key)} | fitting)


def known_keys(tenant: int) -> list[str]:
    """The workflows of which the tenant has runs. Skips from one to the next along the index, so that it costs a probe
    a workflow and not a look at every run."""
    table = Run._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH RECURSIVE keys(key) AS (
                SELECT min(workflow) FROM {table} WHERE tenant_id = %s
                UNION ALL
                SELECT (SELECT min(r.workflow) FROM {table} r WHERE r.tenant_id = %s AND r.workflow > keys.key)
                FROM keys WHERE keys.key IS NOT NULL
            )
            SELECT key FROM keys WHERE key IS NOT NULL
            """,
            [tenant, tenant],
        )
        return [row[0] for row in cursor.fetchall()]
