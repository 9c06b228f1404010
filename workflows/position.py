"""Where people stand in a definition: a path of numbers and branches, as "2" or "2.then.0".

A branch is a setting of a step that is itself a list of steps. Which settings are, is seen by looking: every step has
a `kind`, and nothing else that a step's settings list has one at each entry.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

FIRST = "0"
LEVELS_MAX = 5
"""How many branches may lie within each other."""
LENGTH_MAX = 56
"""Characters of a position, at most: what carries one beside a round has 64."""

StepSettings = Mapping[str, Any]
Steps = Sequence[StepSettings]


def step_at(steps: Steps, position: str) -> StepSettings | None:
    """The step there, or None where there is none."""
    place, *deeper = position.split(".", 2)
    if int(place) >= len(steps):
        return None
    step = steps[int(place)]
    if not deeper:
        return step
    branch, inner = deeper
    return step_at(step.get(branch, ()), inner)


def after(steps: Steps, position: str) -> str | None:
    """The step that follows: the next of its branch, or behind the last one what follows the step that branched. None
    at the end of the definition."""
    path = position.split(".")
    while path:
        following = ".".join([*path[:-1], str(int(path[-1]) + 1)])
        if step_at(steps, following) is not None:
            return following
        path = path[:-2]
    return None


def into(steps: Steps, position: str, branch: str) -> str | None:
    """The first step of this branch; for an empty one, what follows."""
    first = f"{position}.{branch}.{FIRST}"
    return first if step_at(steps, first) is not None else after(steps, position)


def walk(steps: Any, *, within: str = "", levels: int = LEVELS_MAX + 1) -> Iterator[tuple[str, Any]]:
    """Every step with its position, in the order of reading, down to the first level that is too deep."""
    for place, step in enumerate(steps):
        position = f"{within}{place}"
        yield position, step
        for branch in branches_of(step) if levels else ():
            yield from walk(step[branch], within=f"{position}.{branch}.", levels=levels - 1)


def branches_of(step: Any) -> list[str]:
    """The names of its branches, in the order of reading."""
    return sorted((name for name, value in step.items() if _is_steps(value)), key=_turn) if _is_map(step) else []


def reading_order(position: str) -> tuple[Any, ...]:
    """Sorts positions as `walk` goes."""
    return tuple(_turn(part) if turn % 2 else int(part) for turn, part in enumerate(position.split(".")))


def forks_of(position: str) -> list[tuple[str, str]]:
    """The steps in whose branches it lies, the outermost first, each with the branch."""
    parts = position.split(".")
    return [(".".join(parts[:turn]), parts[turn]) for turn in range(1, len(parts), 2)]


def level(position: str) -> int:
    """In how many branches it lies."""
    return position.count(".") // 2


def spoken(position: str) -> str:
    """As people count: "Step 3, then, step 1"."""
    parts = [part if turn % 2 else f"step {int(part) + 1}" for turn, part in enumerate(position.split("."))]
    words = ", ".join(parts)
    return words[0].upper() + words[1:]


def _turn(branch: str) -> tuple[bool, str]:
    return branch != "then", branch


def _is_steps(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(_is_map(one) and "kind" in one for one in value)


def _is_map(value: Any) -> bool:
    return isinstance(value, Mapping)
