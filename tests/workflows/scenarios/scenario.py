"""One story: a workflow, who plays, what happens, and the lines that must come of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.cast import workflow
from workflows import testing
from workflows.define import StepSettings
from workflows.simulate import Event, Failure, Persona, Timeline, Wish, simulate

START = datetime(2026, 3, 27, 9, tzinfo=UTC)
"""A Friday; on the Sunday after it, Europe's clocks go forward."""

AUTUMN = datetime(2026, 10, 23, 9, tzinfo=UTC)
"""And one on whose Sunday they go back, at the same hour of the story."""

QUIET = ("triggered", "slept")
"""What is left out of the lines, unless a story asks for it."""


@dataclass(frozen=True)
class Scenario:
    """`look`: what the lines are about; everything but `QUIET` and walks that reached their end, if it is empty.
    `channel`: about no other one. `grain`: times are told no finer than this."""

    name: str
    steps: Sequence[StepSettings]
    expect: Sequence[str]
    people: int | Sequence[Any] = ("alice",)
    events: Sequence[Event] = ()
    failures: Sequence[Failure] = ()
    look: Sequence[str] = ()
    channel: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    start: datetime = START
    lasts: timedelta = timedelta(days=31)
    grain: timedelta = timedelta()

    def play(self) -> Timeline:
        story = workflow("story", *self.steps, **self.given)
        return simulate(
            story, people=self.people, events=self.events, failures=self.failures, start=self.start, lasts=self.lasts
        )

    def lines(self) -> list[str]:
        timeline = self._coarse(self.play())
        timeline = timeline.on(self.channel) if self.channel else timeline
        if self.look:
            return timeline.only(*self.look).lines()
        told = [entry for entry in timeline if entry.what not in QUIET and entry.reason != "done"]
        return Timeline(timeline.start, timeline.end, told).lines()

    def _coarse(self, timeline: Timeline) -> Timeline:
        if not self.grain:
            return timeline
        told = [replace(one, at=one.at - (one.at - timeline.start) % self.grain) for one in timeline]
        # Who is released first within one grain hangs on their ids.
        return replace(timeline, entries=sorted(told, key=lambda one: (one.at, one.person or "")))


def publish(*steps: StepSettings, **after: float) -> Event:
    """Another version of the story."""
    return testing.publish(workflow("story", *steps), **after)


def off(name: str, **wish: Any) -> Persona:
    """Somebody who does not want this."""
    return Persona(name, wishes=[Wish(**wish)])
