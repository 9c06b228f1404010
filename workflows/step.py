"""The contract of a step: given the people who stand at it, say what to do to them and where they go next.

A step plans; it locks nothing and writes nothing. The engine then takes away whoever left meanwhile (cancelled),
applies the effects to those who remain, and moves everybody, in one short transaction. A step kind is one module in
`steps/` with a `STEP`; nothing else has to know of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from .definition import Body
from .people import NOBODY, People


@dataclass(frozen=True)
class Digest:
    """What was collected for somebody: how many events, and the first of them in order, each as plain data: `payload`,
    `actor`, `at`."""

    count: int
    items: Sequence[Mapping[str, Any]]

    def to_json(self) -> dict[str, Any]:
        return {"count": self.count, "items": list(self.items)}


def event(payload: Mapping[str, Any], actor: str, at: datetime) -> dict[str, Any]:
    """One event of a digest, as plain data."""
    return {"payload": payload, "actor": {"name": actor}, "at": at.isoformat()}


@dataclass(frozen=True)
class RunFacts:
    """What a step may know of a run. Of one that carries digests there is one for each digest that differs, with what
    that has collected; its payload and actor are those of its first event."""

    id: int
    public_id: UUID
    transaction_id: str
    payload: Mapping[str, Any]
    actor: str
    at: datetime
    digest: Digest | None = None

    @property
    def collected(self) -> Digest:
        """What texts see as `digest`: of a run that no digest has held back, its own event."""
        return self.digest or Digest(1, [event(self.payload, self.actor, self.at)])


@dataclass(frozen=True)
class Scene:
    """Where a cohort stands: whose definition, which step, who, and when. `ids[i]` is the recipient at place i;
    `runs` names each run and which of the people are its own. `house` are the places that stand for the teams of a run
    and for no person: they walk with the others, and only `send` does something else for them. Where the people are
    digests that go on, `windows[i]` is the one at place i. `called`: they are people whom the step itself called in.
    `definition` is the hash under which `body` is stored."""

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
    windows: Sequence[int] = ()
    definition: str = ""
    called: bool = False


@dataclass(frozen=True)
class Next:
    """On to the step behind this one."""


@dataclass(frozen=True)
class Sleep:
    """Wait here until then; the step behind this one comes next."""

    until: datetime


@dataclass(frozen=True)
class Again:
    """Wait here until then, or until they are heard from; this step comes again, in its next round."""

    until: datetime


@dataclass(frozen=True)
class Stop:
    """The end of the walk, for this reason."""

    reason: str
    detail: str = ""


@dataclass(frozen=True)
class Move:
    """Where these people go."""

    people: People
    to: Next | Sleep | Again | Stop


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
class Heard:
    """Of whom there was an act of this kind when the scene was looked at; `by_anybody`: one act of anybody in a run
    counts for all of it."""

    kind: str
    people: People
    by_anybody: bool = False


@dataclass(frozen=True)
class Plan:
    """What a step wants. Its moves name everybody who stands there exactly once. `heard`: who is heard from between
    the plan and its being written stays, and is asked again at once."""

    moves: Sequence[Move]
    notes: Sequence[Note] = ()
    effects: Sequence[Effect] = ()
    heard: Heard | None = None


class Step(Protocol):
    """One kind of step."""

    kind: str

    @property
    def schema(self) -> Mapping[str, Any]:
        """JSON Schema of the step's settings, without `kind`."""

    def plan(self, settings: Mapping[str, Any], scene: Scene) -> Plan:
        """The plan for this cohort. May read the database a fixed number of times, whatever the number of people."""


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
