"""Counts in the settings of steps: a definition may write three as 3.0, and nothing can be counted with that."""

from __future__ import annotations

from typing import Any

from notifications.kernel.schema import with_whole_numbers

from .position import branches_of


def counted(step: Any) -> Any:
    """The same step, with those in its branches, in which every setting that is a whole number is an int. What is no
    step, or of no kind that there is, stays as it is."""
    from .steps import STEPS  # their modules know versions, and versions are read here

    if not isinstance(step, dict):
        return step
    kind = STEPS.get(str(step.get("kind")))
    branches = {name: [counted(one) for one in step[name]] for name in branches_of(step)}
    return {**(with_whole_numbers(step, kind.schema) if kind else step), **branches}
