"""`delay`: wait a while, until a time that the payload names, or until each person's clock shows the hour."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from notifications import routing
from notifications.kernel.local_time import EVERY_DAY, READING, WEEKDAYS, next_time, next_within, zone_of

from .. import weekly
from ..condition import value_at
from ..people import NOBODY, People
from ..step import Move, Next, Note, Plan, Scene, Sleep

LONGEST = timedelta(days=366)


class Delay:
    """One of these:

    - `seconds`;
    - `until`: the name of a payload value that holds an ISO 8601 time with its offset;
    - `at`: a time of the day, on one of `weekdays` if there are any, by the clock of each person;
    - `working_hours`: spans by weekday, by the clock of each person. One that does not end after it begins ends on the
      next day.

    The clock is that of the person's zone, else the tenant's, else UTC. A time that is past, and working hours that are
    now, go on at once. A payload time that cannot be read, or lies more than a year ahead, is noted as `invalid_time`
    and goes on at once: a flaw in a payload must not silence a notice.
    """

    kind = "delay"
    schema: Mapping[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "dependentSchemas": {
            "seconds": {"maxProperties": 1},
            "until": {"maxProperties": 1},
            "working_hours": {"maxProperties": 1},
            "weekdays": {"required": ["at"]},
        },
        "properties": {
            "seconds": {"type": "number", "minimum": 1, "maximum": LONGEST.total_seconds()},
            "until": {"type": "string", "minLength": 1},
            "at": {"type": "string", "pattern": READING},
            "weekdays": {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"enum": list(WEEKDAYS)}},
            "working_hours": weekly.SCHEMA,
        },
    }

    def problems(self, settings: Mapping[str, Any]) -> Iterator[str]:
        for problem in weekly.problems_of_week(settings.get("working_hours", {})):
            yield f"working_hours: {problem}"

    def plan(self, settings: Mapping[str, Any], scene: Scene) -> Plan:
        if "seconds" in settings:
            return Plan([Move(scene.people, Sleep(scene.now + timedelta(seconds=settings["seconds"])))])
        if "until" in settings:
            return _until_payload_time(settings["until"], scene)
        return Plan(_moves([(_next(settings, zone, scene.now), people) for zone, people in _by_zone(scene)], scene))


def _until_payload_time(path: str, scene: Scene) -> Plan:
    wakes, notes = [], []
    for run, people in scene.runs:
        said = value_at(run.payload, path.removeprefix("payload."))
        until = _time(said)
        if until is None or until > scene.now + LONGEST:
            notes.append(Note(people, "invalid_time", detail=f"{path} is {said!r:.100}"))
            until = scene.now
        wakes.append((until, people))
    return Plan(_moves(wakes, scene), notes)


def _moves(wakes: Iterable[tuple[datetime, People]], scene: Scene) -> list[Move]:
    """Those whose time has come go on together; of the others, those who wake at the same instant sleep together."""
    moves: dict[Next | Sleep, People] = {}
    for until, people in wakes:
        to = Sleep(until) if until > scene.now else Next()
        moves[to] = moves.get(to, NOBODY) | people
    return [Move(people, to) for to, people in moves.items()]


def _by_zone(scene: Scene) -> Iterator[tuple[ZoneInfo, People]]:
    """The people by the zone that counts for them. One query."""
    ids = sorted({scene.ids[place] for place in scene.people - scene.house})
    names = routing.zones_of(ids, tenant_id=scene.tenant_id) if ids else {}
    places = defaultdict[str, list[int]](list)
    for place in scene.people:
        places[names.get(scene.ids[place], "")].append(place)
    for name, found in places.items():
        yield zone_of(name, scene.tenant.get("zone", "")), People.of(found)


def _next(settings: Mapping[str, Any], zone: ZoneInfo, now: datetime) -> datetime:
    if "at" in settings:
        days = {WEEKDAYS.index(day) for day in settings["weekdays"]} if "weekdays" in settings else EVERY_DAY
        return next_time([time.fromisoformat(settings["at"])], zone=zone, after=now, days=days)
    windows = weekly.windows_of(settings["working_hours"])
    return next_within(windows, zone=zone, at=now) or now


def _time(value: Any) -> datetime | None:
    try:
        time = datetime.fromisoformat(value)
        return time.astimezone(UTC) if time.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        return None


STEP = Delay()
