"""What a step wants of those who stand at it."""

from __future__ import annotations

from collections.abc import Mapping

from .step import Plan, Scene, Step
from .steps import STEPS


def plan_step(scene: Scene, steps: Mapping[str, Step] = STEPS) -> Plan:
    """The plan of the step where these people stand. Raises LookupError when the definition has none there."""
    settings = scene.body.step_at(scene.step)
    if settings is None:
        raise LookupError(f"The definition has no step {scene.step!r}.")
    return steps[settings["kind"]].plan({name: value for name, value in settings.items() if name != "kind"}, scene)
