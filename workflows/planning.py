"""What a step wants: its own plan for those of whom its condition is true; the others pass it by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .context import those_who
from .people import People
from .step import COMMON, Among, Move, Next, Note, Plan, Scene, Step
from .steps import STEPS

CONDITION = "condition"
"""The reason on record for those who passed a step by."""


def plan_step(scene: Scene, steps: Mapping[str, Step] = STEPS) -> Plan:
    """The plan of the step where these people stand. Raises LookupError when the definition has none there."""
    settings = scene.body.step_at(scene.step)
    if settings is None:
        raise LookupError(f"The definition has no step {scene.step!r}.")
    # Who comes again to a step was asked the first time; who is called in was called by those who were.
    if "when" not in settings or scene.round or scene.called:
        return _plan(settings, scene, steps)
    admitted = those_who(settings["when"], scene)
    others = scene.people - admitted
    if not others:
        return _plan(settings, scene, steps)
    passing = Plan([Move(others, Next())], [Note(others, CONDITION, settings.get("channel", ""))])
    return _beside(passing, _plan(settings, scene.of(admitted), steps), admitted) if admitted else passing


def own(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Of a step's settings those that not every step may have."""
    return {name: value for name, value in settings.items() if name not in COMMON}


def _plan(settings: Mapping[str, Any], scene: Scene, steps: Mapping[str, Step]) -> Plan:
    return steps[settings["kind"]].plan(own(settings), scene)


def _beside(passing: Plan, plan: Plan, admitted: People) -> Plan:
    """Both: those who pass by, and what the step wants with those whom it admits."""
    ask = plan.inside
    if ask is not None:
        return Plan(
            [*plan.moves, *passing.moves],
            passing.notes,
            inside=lambda live, scene: _beside(passing, ask(live & admitted, scene.of(admitted)), admitted),
        )
    effects = [Among(admitted, effect) for effect in plan.effects]
    return Plan([*plan.moves, *passing.moves], [*plan.notes, *passing.notes], effects, heard=plan.heard)
