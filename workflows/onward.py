"""Where a plan would lead, for those who only want to know: the engine moves people in `settle.py`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from .people import NOBODY, People
from .step import Next, Plan, Scene, Sleep, Stop, join

Onward = tuple[People, str | None, datetime]
"""Who goes on at which step, and when; None behind the last one."""


def onward(plan: Plan, scene: Scene) -> Iterator[Onward]:
    """Where everybody goes on who does not stop here. Whom the plan does not move, because that is decided only when it
    is carried out, is taken to go on at once."""
    after = scene.body.after(scene.step)
    for move in plan.moves:
        match move.to:
            case Next():
                yield move.people, after, scene.now
            case Sleep(until):
                yield move.people, after, until
            case Stop():
                pass
    undecided = scene.people - (join([move.people for move in plan.moves]) if plan.moves else NOBODY)
    if undecided:
        yield undecided, after, scene.now
