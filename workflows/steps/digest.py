"""`digest`: collect what happens to each person, and go on with all of it together."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from notifications import routing
from notifications.kernel.local_time import WEEKDAYS, next_time, zone_names, zone_of

from ..collecting import Collect, Entry, Key, open_windows
from ..condition import canonical, value_at
from ..people import NOBODY, People
from ..step import DIGESTED, Move, Next, Plan, Scene, Stop

LONGEST = timedelta(days=31).total_seconds()
_TIME = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
_LENGTH = {"type": "number", "minimum": 1, "maximum": LONGEST}

Ends = Callable[[int], tuple[datetime, datetime]]
"""For a person: when a window that they open now closes, and how far it may slide."""


class Digest:
    """One window for each person, and each value of the payload at `key`. It is open for so many `seconds` from its
    first event, with `slides_up_to` for so many from its latest, but no longer than that; or until a clock in the
    person's zone (or in `zone`) shows one of `times`, on one of `weekdays`. With `most` it closes as soon as it holds
    so many. With `leading` an event that finds no window goes on by itself, and opens one for those behind it.

    Who is collected ends here as `digested`. What a window has collected walks on from the step behind, where texts
    see `digest.count` and `digest.items`: the first ten, or `items`.
    """

    kind = "digest"

    @property
    def schema(self) -> Mapping[str, Any]:
        return {
            "type": "object",
            "additionalProperties": False,
            "oneOf": [{"required": ["seconds"]}, {"required": ["times"]}],
            "dependentRequired": {"slides_up_to": ["seconds"], "weekdays": ["times"], "zone": ["times"]},
            "properties": {
                "seconds": _LENGTH,
                "slides_up_to": _LENGTH,
                "times": {"type": "array", "minItems": 1, "maxItems": 48, "items": _TIME},
                "weekdays": {"type": "array", "minItems": 1, "maxItems": 7, "items": {"enum": list(WEEKDAYS)}},
                "zone": {"enum": list(zone_names())},
                "key": {"type": "string", "minLength": 1},
                "most": {"type": "integer", "minimum": 2, "maximum": 100_000},
                "leading": {"type": "boolean"},
                "items": {"type": "integer", "minimum": 1, "maximum": 50},
            },
        }

    def plan(self, settings: Mapping[str, Any], scene: Scene) -> Plan:
        scopes = _scopes(settings, scene)
        ends = _ends(settings, scene)
        entry = cache(Entry)
        entries = {place: entry(scopes[place], *ends(scene.ids[place])) for place in scene.people}
        known, leads = None, NOBODY
        if settings.get("leading"):
            open_now = open_windows(sorted({(scene.ids[place], scope) for place, scope in scopes.items()}))
            known = {key: window.id for key, window in open_now.items()}
            leads = _leads(scopes, known, scene)
        collect = Collect(entries, settings.get("most"), "slides_up_to" in settings, leads, known)
        moves = [Move(leads, Next()), Move(scene.people - leads, Stop(DIGESTED))]
        return Plan([move for move in moves if move.people], effects=[collect])


def _scopes(settings: Mapping[str, Any], scene: Scene) -> dict[int, str]:
    """The scope of the window at each place: tenant, workflow, step, and the value of the key in the payload."""
    step, key = scene.known_as, settings.get("key", "").removeprefix("payload.")
    found: dict[int, str] = {}
    for run, people in scene.runs:
        value = canonical(value_at(run.payload, key)) if key else None
        words = json.dumps([scene.tenant_id, scene.body.key, step, value], sort_keys=True)
        found |= dict.fromkeys(people, hashlib.sha256(words.encode()).hexdigest())
    return found


def _leads(scopes: Mapping[int, str], known: Mapping[Key, int], scene: Scene) -> People:
    """The first of each person and scope, where no window is open."""
    first: dict[Key, int] = {}
    for _, people in scene.runs:
        for place in people:
            first.setdefault((scene.ids[place], scopes[place]), place)
    return People.of(place for key, place in first.items() if key not in known)


def _ends(settings: Mapping[str, Any], scene: Scene) -> Ends:
    now = scene.now
    if "seconds" in settings:
        length = timedelta(seconds=settings["seconds"])
        latest = timedelta(seconds=max(settings.get("slides_up_to", 0), settings["seconds"]))
        same = now + length, now + latest
        return lambda _: same
    schedule = _Schedule.of(settings, scene)
    return lambda person: (schedule.next(person),) * 2


@dataclass(frozen=True)
class _Schedule:
    """Times of the day in each person's zone, else in `otherwise`. A zone is worked out once, however many people live
    there."""

    times: list[time]
    days: frozenset[int]
    zones: Mapping[int, str]
    otherwise: str
    now: datetime
    known: dict[ZoneInfo, datetime]

    @classmethod
    def of(cls, settings: Mapping[str, Any], scene: Scene) -> _Schedule:
        times = [time.fromisoformat(one) for one in settings["times"]]
        days = frozenset(WEEKDAYS.index(one) for one in settings.get("weekdays", WEEKDAYS))
        if "zone" in settings:
            return cls(times, days, {}, settings["zone"], scene.now, {})
        people = sorted({scene.ids[place] for place in scene.people - scene.house})
        zones = routing.zones_of(people, tenant_id=scene.tenant_id) if people else {}
        return cls(times, days, zones, scene.tenant.get("zone", ""), scene.now, {})

    def next(self, person: int) -> datetime:
        zone = zone_of(self.zones.get(person, ""), self.otherwise)
        if zone not in self.known:
            self.known[zone] = next_time(self.times, zone=zone, after=self.now, days=self.days)
        return self.known[zone]


STEP = Digest()
