"""Which way somebody went through a definition: the branches that they took, and how far they came."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ..definition import Body
from ..position import forks_of, reading_order


@dataclass(frozen=True)
class Way:
    """`taken`: by the position of a step, the branch of it into which they went. `here`: where they stand, or where
    their walk ended; None before it began. `through`: they are past that step too."""

    body: Body
    taken: Mapping[str, str]
    here: str | None
    through: bool = False

    @classmethod
    def of(cls, body: Body, been: Collection[str], taken: Mapping[str, str], *, here: str | None, through: bool) -> Way:
        """Of somebody who has `been` at these positions, and of whom it is on record that they have `taken` these
        branches."""
        seen = {fork: branch for position in been for fork, branch in forks_of(position)}
        return cls(body, {**seen, **taken}, here, through)

    def is_behind(self, step: str) -> bool:
        """Whether they are past it, or past the place where they would have come to it."""
        if self.here is None:
            return False
        at, here = reading_order(step), reading_order(self.here)
        return at <= here if self.through else at < here

    def is_aside(self, step: str) -> bool:
        """Whether it lies in a branch into which they did not go, and will not."""
        return any(self.is_behind(fork) and self.taken.get(fork) != branch for fork, branch in forks_of(step))

    def before(self, step: str) -> str | None:
        """The step from which they came to this one; None for the first."""
        within, _, place = step.rpartition(".")
        if place == "0":
            return within.rpartition(".")[0] or None
        found = f"{within}.{int(place) - 1}".lstrip(".")
        while found in self.taken:
            branch = self.taken[found]
            last = len((self.body.step_at(found) or {}).get(branch, ())) - 1
            found = f"{found}.{branch}.{max(last, 0)}"
        return found
