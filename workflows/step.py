"""The contract of a step: given the people who stand at it, say what to do to them and where they go next.

A step plans; it locks nothing and writes nothing. The engine then takes away whoever left meanwhile (cancelled),
applies the effects to those who remain, and moves everybody, in one short transaction. A step kind is one module in
`steps/` with a `STEP`; nothing else has to know of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from . import condition
from .definition import Body
from .people import NOBODY, People


@dataclass(frozen=True)
class Digest:
    """What was collected for somebody: how many events, and the first of them in order, each as plain data: `payload`,
    `actor`, `at`. `about`: the objects that those first ones are about."""

    count: int
    items: Sequence[Mapping[str, Any]]
    about: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        return {"count": self.count, "items": list(self.items)}


def event(payload: Mapping[str, Any], actor: str, at: datetime) -> dict[str, Any]:
    """One event of a digest, as plain data."""
    return {"payload": payload, "actor": {"name": actor}, "at": at.isoformat()}


@dataclass(frozen=True)
class RunFacts:
    """What a step may know of a run. Of one that carries digests there is one for each digest that differs, with what
    that has collected; its payload and actor are those of its first event. `target`: the object that it is about."""

    id: int
    public_id: UUID
    transaction_id: str
    payload: Mapping[str, Any]
    actor: str
    at: datetime
    digest: Digest | None = None
    target: str = ""

    @property
    def about(self) -> Sequence[str]:
        """The objects that its words speak of."""
        return self.digest.about if self.digest else (self.target,) if self.target else ()

    @property
    def collected(self) -> Digest:
        """What texts see as `digest`: of a run that no digest has held back, its own event."""
        return self.digest or Digest(1, [event(self.payload, self.actor, self.at)])


@dataclass(frozen=True)
class Scene:
    """Where a cohort stands: whose definition, which step, who, and when. `ids[i]` is the recipient at place i;
    `runs` names each run and which of the people are its own. `house` are the places that stand for the teams of a run
    and for no person: they walk with the others, and only `send` does something else for them. `tries` counts how often
    this step was planned for them, this time included. Where the people are digests that go on, `windows[i]` is the one
    at place i. `called`: they are people whom the step itself called in. `definition` is the hash under which `body` is
    stored. `may_be_silenced`: the tenant may have silences or inhibitions, which a send has to look at.
    `supposed`: nobody stands there, and the plan will not be carried out: who asks only wants to know."""

    tenant_id: int
    tenant: Mapping[str, Any]
    body: Body
    step: str
    round: int
    people: People
    ids: Sequence[int]
    runs: Sequence[tuple[RunFacts, People]]
    now: datetime
    house: People = NOBODY
    chunk_id: int = 0
    tries: int = 1
    windows: Sequence[int] = ()
    definition: str = ""
    called: bool = False
    may_be_silenced: bool = True
    supposed: bool = False

    @property
    def known_as(self) -> str:
        """By what the step is the same one in another version: its name, or its position if it has none."""
        name: str = (self.body.step_at(self.step) or {}).get("name", self.step)
        return name

    def of(self, people: People) -> Scene:
        """The same with these of the people alone."""
        runs = [(run, of_run & people) for run, of_run in self.runs if of_run & people]
        return replace(self, people=self.people & people, runs=runs, house=self.house & people)


@dataclass(frozen=True)
class Next:
    """On to the step behind this one."""


@dataclass(frozen=True)
class Into:
    """Into a branch of this step: the list of steps in that setting. Behind it the step after this one comes."""

    branch: str


@dataclass(frozen=True)
class Sleep:
    """Wait here until then; the step behind this one comes next."""

    until: datetime


@dataclass(frozen=True)
class Stay:
    """Come to this step again then: what it needs is not there yet."""

    until: datetime


@dataclass(frozen=True)
class Again:
    """Wait here until then, or until they are heard from; this step comes again, in its next round unless another is
    named."""

    until: datetime
    round: int | None = None


@dataclass(frozen=True)
class Stop:
    """The end of the walk, for this reason."""

    reason: str
    detail: str = ""


DIGESTED = "digested"
"""The reason of those who stop because a digest goes on with them."""


@dataclass(frozen=True)
class Move:
    """Where these people go."""

    people: People
    to: Next | Into | Sleep | Stay | Again | Stop


@dataclass(frozen=True)
class Note:
    """Why these people did not get something here. They walk on."""

    people: People
    reason: str
    channel: str = ""
    detail: str = ""
    until: datetime | None = None


class Stale(Exception):
    """What a plan was made of has changed since: nothing is written, and the step is planned again."""


class Effect(Protocol):
    """Something to be written for people, in the engine's transaction."""

    def apply(self, live: People, scene: Scene) -> None:
        """Do it for those of `live` whom it concerns. Raises Stale."""


@dataclass(frozen=True)
class Among:
    """An effect for these people alone."""

    people: People
    effect: Effect

    def apply(self, live: People, scene: Scene) -> None:
        if live & self.people:
            self.effect.apply(live & self.people, scene.of(self.people))


@dataclass(frozen=True)
class Heard:
    """Of whom there was an act of this kind when the scene was looked at; `by_anybody`: one act of anybody in a run
    counts for all of it."""

    kind: str
    people: People
    by_anybody: bool = False


@dataclass(frozen=True)
class Plan:
    """What a step wants. Its moves name everybody who stands there exactly once. `heard`: who is heard from between
    the plan and its being written stays, and is asked again at once.

    What only the database can decide, such as who of many comes first, is decided `inside`: asked in the engine's
    transaction for those who are still there, it gives the plan that counts instead of this one.
    """

    moves: Sequence[Move]
    notes: Sequence[Note] = ()
    effects: Sequence[Effect] = ()
    heard: Heard | None = None
    inside: Callable[[People, Scene], Plan] | None = None


BRANCH: Mapping[str, Any] = {
    "type": "array",
    "items": {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}}},
}
"""JSON Schema of a setting that holds steps. Each of them is checked as a step of its own."""


COMMON: Mapping[str, Any] = {
    "kind": {"type": "string"},
    "name": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,39}$"},
    "when": condition.SCHEMA,
}
"""What every step may have beside its own settings: a name, by which later steps ask what it did, and a condition:
those of whom it is not true pass the step by."""


class Step(Protocol):
    """One kind of step."""

    kind: str

    @property
    def schema(self) -> Mapping[str, Any]:
        """JSON Schema of the step's own settings: those that are not `COMMON`."""

    def plan(self, settings: Mapping[str, Any], scene: Scene) -> Plan:
        """The plan for this cohort. May read the database a fixed number of times, whatever the number of people."""


def reaches_out(step: Step) -> bool:
    """Whether its plan asks somebody outside or calls code of the host: it says so by `reaches_out = True`. Such a plan
    is made for real runs only, not for a simulation, a dry run or an explanation of the future."""
    return bool(getattr(step, "reaches_out", False))


def is_planned_at_once(step: Step, settings: Mapping[str, Any]) -> bool:
    """Whether a plan of this takes a moment and a few statements, calls no code of the host and needs nothing to be
    written before: it may be made with its run locked. A step says so by `at_once(settings)`, which gets its own
    settings."""
    asked = getattr(step, "at_once", None)
    return bool(asked and asked(settings))


@runtime_checkable
class Careful(Protocol):
    """A step that sees more than a schema can say."""

    def problems(self, settings: Mapping[str, Any]) -> Iterator[str]:
        """What is wrong with settings that fit the schema, in sentences that say what to do."""


@runtime_checkable
class Waits(Protocol):
    """A step at which people wait to be heard from. Their cohort is woken then."""

    def heeds(self, settings: Mapping[str, Any], position: str) -> tuple[str, bool]:
        """Which kind of act they wait for there, and whether one of anybody in the run counts for all."""


def all_next(scene: Scene) -> list[Move]:
    """Everybody goes on."""
    return [Move(scene.people, Next())]


def join(sets: Sequence[People]) -> People:
    """The union."""
    bits = NOBODY.bits
    for one in sets:
        bits |= one.bits
    return People(bits)
