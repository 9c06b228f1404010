"""Playing: from one due time to the next, until nothing waits any more or the time is over."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from channels_delivery import simulated
from channels_delivery.composing import title_of
from channels_delivery.outcome import Outcome
from channels_delivery.parcel import Parcel
from channels_delivery.simulated import Sender
from notifications.kernel.waiting import WAITING

from .. import due, engine
from ..models import Cohort
from ..people import People
from ..refusals import TooMuch
from ..step import Note, Plan, Scene, Step, all_next, reaches_out
from ..steps import STEPS
from .events import Event
from .stage import Stage

ROUNDS_MAX = 50
"""Rounds of work at one time. More means that something comes due again and again without getting anywhere."""


@dataclass(frozen=True)
class Sleep:
    """These people of a chunk were seen to wait, since `at`, to go on at `step`."""

    at: datetime
    until: datetime
    chunk: int
    step: str
    people: People


@dataclass
class Play:
    """`until`: the end of the simulated time. `deadline`: when to give up, on this process's monotonic clock."""

    stage: Stage
    sender: Sender
    until: datetime
    deadline: float
    sleeps: dict[tuple[int, str, datetime], Sleep] = field(default_factory=dict)
    titles: dict[int, str] = field(default_factory=dict)
    """What the receivers of deliveries that left read first, by delivery."""

    def run(self, events: Sequence[Event]) -> bool:
        """Play it all; whether nothing waits any more. Raises TooMuch, and what an event's verb raises."""
        stage, start, left = self.stage, self.stage.now, list(events)
        first: datetime | None = None
        while True:
            times = [start + left[0].after] if left else []
            at = min([*times, *([] if first is None else [first])], default=None)
            if at is None or at > self.until:
                stage.now = self.until if at is not None else stage.now
                return at is None
            stage.now = max(stage.now, at)
            while left and start + left[0].after <= stage.now:
                stage.happen(left.pop(0))
            first = self._work_off()

    def _work_off(self) -> datetime | None:
        """Everything that is due now, and what becomes due by it; when there is more."""
        stage, worked = self.stage, False
        steps: dict[str, Step] = {kind: _Unasked(kind) if reaches_out(step) else step for kind, step in STEPS.items()}
        for _ in range(ROUNDS_MAX):
            left, first = self._time_left(), self._next_due()
            if first is None or first > stage.now:
                if worked:  # nobody goes to sleep but by a step
                    self._watch_sleepers()
                return first
            worked = True
            engine.drain(seconds=left, tenant=stage.tenant.pk, clock=stage.clock, steps=steps)
            for waiting in WAITING.values():
                waiting.work_off(tenant=stage.tenant.pk, clock=stage.clock)
            simulated.send_due(tenant_id=stage.tenant.pk, now=stage.now, sender=self._send)
        raise TooMuch("Something comes due again and again at the same time and gets nowhere.")

    def _send(self, parcel: Parcel) -> Outcome:
        self.titles[parcel.id] = title_of(parcel.kind, parcel.parts)
        return self.sender(parcel)

    def _next_due(self) -> datetime | None:
        tenant = self.stage.tenant.pk
        firsts = [waiting.next_due(tenant=tenant) for waiting in WAITING.values()]
        firsts.append(due.next_due(tenant=tenant))
        firsts.append(simulated.next_due(tenant_id=tenant))
        return min((at for at in firsts if at is not None), default=None)

    def _watch_sleepers(self) -> None:
        """Who waits is nowhere on record but in where they stand."""
        asleep = Cohort.objects.filter(tenant=self.stage.tenant, open=True, lease_token__isnull=True, tries=0)
        for pk, chunk, step, mask, until in asleep.values_list("pk", "chunk_id", "step", "mask", "wake_at"):
            if until > self.stage.now:
                new = Sleep(self.stage.now, until, chunk, step, People.load(mask))
                self.sleeps.setdefault((pk, step, until), new)

    def _time_left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TooMuch("It took too long. Simulate fewer people, fewer events, or a shorter time.")
        return left


class _Unasked:
    """In the place of a step that asks somebody outside: nobody is asked, and everybody walks on."""

    schema: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def plan(self, settings: Mapping[str, Any], scene: Scene) -> Plan:
        return Plan(all_next(scene), [Note(scene.people - scene.house, "not_simulated", detail=self.kind)])
