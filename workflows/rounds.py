"""The rounds of an escalation: which level is told, and within it which stage of people's own policies.

A round is a number that names both, so that what a level sends first stands at 0, 1, 2, … as if there were no stages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

STAGES = 1_000
"""More than there are levels and repetitions of them."""


def round_of(turn: int, stage: int) -> int:
    """`turn` counts levels, repetitions included."""
    return turn + STAGES * stage


def turn_and_stage(round_: int) -> tuple[int, int]:
    stage, turn = divmod(round_, STAGES)
    return turn, stage


def rounds_of(settings: Mapping[str, Any]) -> Iterator[int]:
    """Every round in which this step may send: of each level as many as it has sends, and one. A step that is no
    escalation has one."""
    levels = [*settings.get("levels", ())] * (settings.get("repeat", 0) + 1)
    for turn, level in enumerate(levels):
        yield from (round_of(turn, stage) for stage in range(len(level["send"]) + 1))
    if not levels:
        yield 0
