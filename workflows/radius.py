"""How far a trigger would go: how many people and teams on which channels, and at what hour where they are.

The steps and the decisions are asked as for a real run, for up to a thousand of the people: all of them, or a sample
spread over everybody, from which the rest is reckoned. So it costs the same for a thousand people and for a million.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Max, Min

from channels_delivery import routes
from notifications.kinds import Kind, kinds
from notifications.models import Recipient, Tenant

from . import audience as audiences
from .audience import Audience
from .context import those_who
from .definition import FIRST, Body
from .models import HOUSE
from .onward import Onward, onward, supposed
from .people import NOBODY, People
from .planning import CONDITION, plan_step
from .sending.people import decide
from .sending.sending import Sending
from .silencing import noted, silenced
from .step import Note, Scene, reaches_out
from .steps import STEPS

SAMPLE, PAGES = 1_000, 10
STEPS_MAX = 200
_ONE = People.everyone(1)
NIGHT = frozenset({22, 23, *range(7)})
"""Hours at which most people sleep."""


@dataclass(frozen=True)
class Send:
    """What one `send` would do, when everything goes on as it is now. `skipped`: people by reason.
    `held`: of those who are told, who is told later, by reason. `local_hours`: people by the hour where they are when
    they are told, `at_night` those between 22 and 7."""

    step: str
    channel: str
    at: datetime
    people: int = 0
    teams: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    held: Mapping[str, int] = field(default_factory=dict)
    local_hours: Mapping[int, int] = field(default_factory=dict)

    @property
    def at_night(self) -> int:
        return sum(n for hour, n in self.local_hours.items() if hour in NIGHT)

    def to_json(self) -> dict[str, Any]:
        hours = {str(hour): n for hour, n in sorted(self.local_hours.items())}
        said = {**self.__dict__, "at": self.at.isoformat(), "skipped": dict(self.skipped), "held": dict(self.held)}
        return {**said, "local_hours": hours, "at_night": self.at_night}


@dataclass(frozen=True)
class Reached:
    """One of the people: who, what time it is for them when it starts, and what they would get."""

    person: Recipient
    local_time: datetime
    channels: Sequence[str]

    def to_json(self) -> dict[str, Any]:
        person = self.person
        return {
            "id": str(person.public_id),
            "user": person.external_id,
            "name": person.name,
            "zone": str(self.local_time.tzinfo),
            "local_time": self.local_time.isoformat(),
            "channels": list(self.channels),
        }


@dataclass(frozen=True)
class Radius:
    """`estimated`: reckoned from a sample. `first`: some of the people, by recipient id."""

    people: int
    estimated: bool
    sends: Sequence[Send]
    first: Sequence[Reached]

    @property
    def messages(self) -> int:
        """To people and teams, over all sends."""
        return sum(send.people + send.teams for send in self.sends)


def radius(
    body: Body,
    audience: Audience,
    *,
    tenant: Tenant,
    without: int | None,
    payload: Mapping[str, Any],
    at: datetime,
    shown: int,
) -> Radius:
    """Of a run of this definition that starts `at` that time. As many statements whatever the number of people."""
    people = audiences.count(audience, tenant_id=tenant.pk, without=without)
    ids = _sample(audience, tenant, without, exact=people <= SAMPLE)
    rows = Recipient.objects.filter(tenant=tenant, pk__in=ids).in_bulk()
    ids = [one for one in ids if one in rows]
    zones = [ZoneInfo(rows[one].zone or tenant.zone or "UTC") for one in ids]
    walk = _Walk(body, tenant, ids, payload, zones, people)
    sends = list(walk.sends(at))
    first = [
        Reached(rows[one], at.astimezone(zones[place]), walk.channels_of(place))
        for place, one in enumerate(ids[:shown])
    ]
    return Radius(people, people > len(ids), sends, first)


@dataclass
class _Walk:
    """Through the definition, with the people of the sample and with the house."""

    body: Body
    tenant: Tenant
    ids: Sequence[int]
    payload: Mapping[str, Any]
    zones: Sequence[ZoneInfo]
    total: int
    told: list[tuple[str, People]] = field(default_factory=list)

    def sends(self, at: datetime) -> Iterator[Send]:
        """In the order in which they are come to. At a step that asks somebody else the walk ends: what follows depends
        on the answer."""
        waiting: list[Onward] = [(People.everyone(len(self.ids)), FIRST, at)]
        for _ in range(STEPS_MAX):
            if not waiting:
                return
            people, step, now = waiting.pop(0)
            settings = None if step is None else self.body.step_at(step)
            if step is None or settings is None:
                continue
            scene = supposed(self.body, self.tenant, self.ids, people=people, step=step, now=now, payload=self.payload)
            kind = kinds().get(settings.get("channel", "")) if settings["kind"] == "send" else None
            if kind is not None:
                yield self._send(kind, settings, scene)  # who passes it by for its condition goes on as well
                waiting.append((people, self.body.after(step), now))
                continue
            if reaches_out(STEPS[settings["kind"]]):
                return
            waiting += onward(plan_step(scene), scene)

    def channels_of(self, place: int) -> list[str]:
        """What this one would get, each channel once."""
        return list(dict.fromkeys(channel for channel, people in self.told if place in people))

    def _send(self, kind: Kind, settings: Mapping[str, Any], scene: Scene) -> Send:
        people, skipped, held = NOBODY, dict[str, int](), Counter[str]()
        at = dict[int, datetime]()
        admitted = those_who(settings["when"], scene) if "when" in settings and scene.people else scene.people
        if passing := scene.people - admitted:
            skipped[CONDITION] = self._of_all(len(passing))
        if kind.personal and admitted:
            silent = silenced(admitted, scene, channel=kind.key)
            skipped |= self._reasons(silent)
            if heard := admitted - noted(silent):
                told = decide(heard, Sending.of(settings, kind, scene.of(heard)))
                people = told.people
                skipped |= self._reasons([note for note in told.notes if note.until is None])
                held.update(decision.reason for decision in told.held.values())
                at = {place: decision.until for place, decision in told.held.items()}
        self.told.append((kind.key, people))
        hours = Counter(at.get(place, scene.now).astimezone(self.zones[place]).hour for place in people)
        return Send(
            scene.step,
            kind.key,
            scene.now,
            self._of_all(len(people)),
            self._teams(kind, scene) if kind.team else 0,
            skipped,
            {reason: self._of_all(n) for reason, n in held.items()},
            {hour: self._of_all(n) for hour, n in hours.items()},
        )

    def _reasons(self, notes: Sequence[Note]) -> dict[str, int]:
        found = Counter[str]()
        for note in notes:
            found[note.reason] += len(note.people)
        return {reason: self._of_all(n) for reason, n in found.items()}

    def _teams(self, kind: Kind, scene: Scene) -> int:
        house = supposed(
            self.body, self.tenant, [HOUSE], people=_ONE, step=scene.step, now=scene.now, payload=self.payload
        )
        if silenced(_ONE, replace(house, house=_ONE), channel=kind.key):
            return 0
        found = routes.to_teams(kind.key, tenant_id=self.tenant.pk, workflow=self.body.key)
        return sum(len(route.addresses) for route in found if not route.paused)

    def _of_all(self, count: int) -> int:
        """So many of the sample are so many of everybody."""
        return count if self.total <= len(self.ids) or not self.ids else round(count * self.total / len(self.ids))


def _sample(audience: Audience, tenant: Tenant, without: int | None, *, exact: bool) -> list[int]:
    """All recipient ids; or some, in as many pages from places that are spread evenly."""

    def page(after: int, limit: int) -> list[int]:
        return audiences.page(audience, tenant_id=tenant.pk, after=after, limit=limit, without=without)

    if exact:
        return page(0, SAMPLE)
    ends = Recipient.objects.filter(tenant=tenant).aggregate(low=Min("pk"), high=Max("pk"))
    low, high = ends["low"] or 0, ends["high"] or 0
    found = {one for n in range(PAGES) for one in page(low - 1 + (high - low) * n // PAGES, SAMPLE // PAGES)}
    return sorted(found)
