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
from notifications.kernel.local_time import zone_of
from notifications.kinds import Kind, kinds
from notifications.models import Recipient, Tenant

from . import audience as audiences
from .audience import Audience
from .calling import MOST as CALLED_MAX
from .calling import meant_by
from .context import those_who
from .definition import FIRST, Body
from .models import HOUSE
from .onward import Onward, onward, supposed
from .people import NOBODY, People
from .planning import CONDITION, plan_step
from .sending.people import decide, missed_by_choice
from .sending.sending import Sending
from .silencing import noted, silenced
from .step import Note, Scene, reaches_out
from .steps import STEPS
from .steps.escalate import levels_of
from .subscribed import SUBSCRIPTION_CONDITION, Asked, left_out
from .tenant_facts import facts_of

SAMPLE, PAGES = 1_000, 10
STEPS_MAX = 200
_ONE = People.everyone(1)
NIGHT = frozenset({22, 23, *range(7)})
"""Hours at which most people sleep."""


@dataclass(frozen=True)
class Send:
    """What one `send` would do, when everything goes on as it is now. `skipped`: people by reason.
    `held`: of those who are told, who is told later, by reason. `local_hours`: people by the hour where they are when
    they are told, `at_night` those between 22 and 7. Of an escalation it is done at a `level`, counted from 1, so many
    `times`, as long as nobody acknowledges."""

    step: str
    channel: str
    at: datetime
    people: int = 0
    teams: int = 0
    level: int | None = None
    times: int = 1
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
    """`estimated`: reckoned from a sample. `first`: some of the people, by recipient id. `left_out`: those of the
    people who are told nothing from the start, by reason."""

    people: int
    estimated: bool
    sends: Sequence[Send]
    first: Sequence[Reached]
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def messages(self) -> int:
        """To people and teams, over all sends."""
        return sum((send.people + send.teams) * send.times for send in self.sends)


def radius(
    body: Body,
    audience: Audience,
    *,
    tenant: Tenant,
    without: int | None,
    payload: Mapping[str, Any],
    at: datetime,
    shown: int,
    target: str = "",
    actor: str = "",
) -> Radius:
    """Of a run of this definition that starts `at` that time. As many statements whatever the number of people."""
    people = audiences.count(audience, tenant_id=tenant.pk, without=without)
    some = _some(audience, tenant, without, people)
    said: dict[str, Any] = {"payload": payload, "actor": {"name": actor}, "tenant": facts_of(tenant)}
    said["workflow"] = {"key": body.key, "name": body.name}
    asked = [Asked(0, audience, some.ids)]
    out = left_out(asked, tenant_id=tenant.pk, values_of=lambda runs: dict.fromkeys(runs, said)).get(0, set())
    walk = _Walk(body, tenant, some, payload, target, actor)
    sends = list(walk.sends(at, People.of(place for place, one in enumerate(some.ids) if one not in out)))
    first = [
        Reached(some.rows[one], at.astimezone(some.zones[place]), walk.channels_of(one))
        for place, one in enumerate(some.ids[:shown])
    ]
    missing = {SUBSCRIPTION_CONDITION: some.of_all(len(out))} if out else {}
    return Radius(people, walk.estimated, sends, first, missing)


@dataclass(frozen=True)
class _Some:
    """People who stand for `total`, with their zones."""

    rows: Mapping[int, Recipient]
    ids: Sequence[int]
    zones: Sequence[ZoneInfo]
    total: int

    @property
    def estimated(self) -> bool:
        return self.total > len(self.ids)

    def of_all(self, count: int) -> int:
        """So many of these are so many of everybody."""
        return round(count * self.total / len(self.ids)) if self.estimated and self.ids else count


@dataclass
class _Walk:
    """Through the definition, with the people of the sample and with the house. `told`: recipient ids, by channel."""

    body: Body
    tenant: Tenant
    some: _Some
    payload: Mapping[str, Any]
    target: str
    actor: str
    told: list[tuple[str, set[int]]] = field(default_factory=list)
    estimated: bool = False
    _posted: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.estimated = self.some.estimated

    def sends(self, at: datetime, people: People) -> Iterator[Send]:
        """Of these people, in the order in which they are come to. At a step that asks somebody else the walk ends:
        what follows depends on the answer."""
        waiting: list[Onward] = [(people, FIRST, at)]
        for _ in range(STEPS_MAX):
            if not waiting:
                return
            people, step, now = waiting.pop(0)
            settings = None if step is None else self.body.step_at(step)
            if step is None or settings is None:
                continue
            scene, after = self._scene(self.some, people, step, now), self.body.after(step)
            if settings["kind"] == "send" and settings["channel"] in kinds():
                yield self._send(settings, scene, self.some)  # who passes it by for its condition goes on as well
                waiting.append((people, after, now))
            elif settings["kind"] == "escalate":
                yield from self._escalate(settings, scene)
                _, until = levels_of(settings, now=now)
                waiting += [(people, after, until)] if until else []
            elif reaches_out(STEPS[settings["kind"]]):
                return
            else:
                waiting += onward(plan_step(scene), scene)

    def channels_of(self, recipient: int) -> list[str]:
        """What this one would get, each channel once."""
        return list(dict.fromkeys(channel for channel, people in self.told if recipient in people))

    def _scene(self, some: _Some, people: People, step: str, now: datetime) -> Scene:
        about: dict[str, Any] = {"payload": self.payload, "target": self.target, "actor": self.actor}
        return supposed(self.body, self.tenant, some.ids, people=people, step=step, now=now, **about)

    def _escalate(self, settings: Mapping[str, Any], scene: Scene) -> Iterator[Send]:
        """Every level, as if nobody acknowledged. Whoever is asked whether others are called in is nobody."""
        asked = {"when": settings["when"]} if "when" in settings else {}
        again, teams = scene.step in self._posted, self._admits_teams(asked, scene)
        self._posted.add(scene.step)
        for number, level in enumerate(levels_of(settings, now=scene.now)[0], 1):
            own = "to" not in level.settings
            if not own and (again or not teams):  # the house calls them in, and comes once
                continue
            some, whose, which = self.some, scene, asked
            if not own:
                some, which = self._called_in(level.settings["to"]), {}
                whose = self._scene(some, People.everyone(len(some.ids)), scene.step, scene.now)
            whose = replace(whose, now=level.at, body=level.worded(self.body))
            for send in level.settings["send"]:
                if send["channel"] in kinds():
                    found = self._send({**send, **which}, whose, some, teams=teams and not again)
                    yield replace(found, level=number, times=level.times)

    def _called_in(self, names: Sequence[Any]) -> _Some:
        audience = meant_by(names, self.tenant.pk)
        count = audiences.count(audience, tenant_id=self.tenant.pk, without=None)
        some = _some(audience, self.tenant, None, min(count, CALLED_MAX))
        self.estimated |= some.estimated
        return some

    def _send(self, settings: Mapping[str, Any], scene: Scene, some: _Some, *, teams: bool | None = None) -> Send:
        kind, people, skipped, held = kinds()[settings["channel"]], NOBODY, dict[str, int](), Counter[str]()
        at = dict[int, datetime]()
        admitted = those_who(settings["when"], scene) if "when" in settings and scene.people else scene.people
        if passing := scene.people - admitted:
            skipped[CONDITION] = some.of_all(len(passing))
        if kind.personal and admitted:
            found = silenced(admitted, scene, channel=kind.key)
            silent = missed_by_choice(found, admitted, Sending.of(settings, kind, scene.of(admitted)))
            skipped |= self._reasons(silent, some)
            if heard := admitted - noted(silent):
                told = decide(heard, Sending.of(settings, kind, scene.of(heard)))
                people = told.people
                skipped |= self._reasons([note for note in told.notes if note.until is None], some)
                held.update(decision.reason for decision in told.held.values())
                at = {place: decision.until for place, decision in told.held.items()}
        self.told.append((kind.key, {some.ids[place] for place in people}))
        hours = Counter(at.get(place, scene.now).astimezone(some.zones[place]).hour for place in people)
        told_too = kind.team and (self._admits_teams(settings, scene) if teams is None else teams)
        if teams is None:  # people may come here in several groups, at different hours; the house comes once
            told_too = told_too and scene.step not in self._posted
            self._posted.add(scene.step)
        return Send(
            scene.step,
            kind.key,
            scene.now,
            some.of_all(len(people)),
            self._teams(kind, scene) if told_too else 0,
            skipped=skipped,
            held={reason: some.of_all(n) for reason, n in held.items()},
            local_hours={hour: some.of_all(n) for hour, n in hours.items()},
        )

    def _reasons(self, notes: Sequence[Note], some: _Some) -> dict[str, int]:
        found = Counter[str]()
        for note in notes:
            found[note.reason] += len(note.people)
        return {reason: some.of_all(n) for reason, n in found.items()}

    def _admits_teams(self, settings: Mapping[str, Any], scene: Scene) -> bool:
        """Whether the step's condition is true for nobody in particular."""
        return "when" not in settings or bool(those_who(settings["when"], _house_of(scene)))

    def _teams(self, kind: Kind, scene: Scene) -> int:
        if silenced(_ONE, _house_of(scene), channel=kind.key):
            return 0
        found = routes.to_teams(kind.key, tenant_id=self.tenant.pk, workflow=self.body.key)
        return sum(len(route.addresses) for route in found if not route.paused)


def _house_of(scene: Scene) -> Scene:
    """Where the teams stand at the same step."""
    return replace(scene, ids=[HOUSE], people=_ONE, house=_ONE, runs=[(run, _ONE) for run, _ in scene.runs])


def _some(audience: Audience, tenant: Tenant, without: int | None, total: int) -> _Some:
    ids = _sample(audience, tenant, without, exact=total <= SAMPLE)
    rows = Recipient.reachable.filter(tenant=tenant, pk__in=ids).in_bulk()
    ids = [one for one in ids if one in rows]
    return _Some(rows, ids, [zone_of(rows[one].zone, tenant.zone) for one in ids], total)


def _sample(audience: Audience, tenant: Tenant, without: int | None, *, exact: bool) -> list[int]:
    """All recipient ids; or some, in as many pages from places that are spread evenly."""

    def page(after: int, limit: int) -> list[int]:
        return audiences.page(audience, tenant_id=tenant.pk, after=after, limit=limit, without=without)

    if exact:
        return page(0, SAMPLE)
    ends = Recipient.reachable.filter(tenant=tenant).aggregate(low=Min("pk"), high=Max("pk"))
    low, high = ends["low"] or 0, ends["high"] or 0
    found = {one for n in range(PAGES) for one in page(low - 1 + (high - low) * n // PAGES, SAMPLE // PAGES)}
    return sorted(found)
