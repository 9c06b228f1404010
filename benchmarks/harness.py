"""Runs sides in turn, slice by slice (A B A B), and compares what they did in the same round.

A *side* is a callable that does about a second of work and answers with a `Slice`. `alternate()` calls every side once
a round; two sides are compared by the ratio of their slices of the same round, so that a busy neighbour or a checkpoint
that lasts longer than a round falls on both. The A/A control compares a side with itself in the next round, in the same
way: whatever it shows beyond 1.0 is noise (or a trend), not a difference.
"""

from __future__ import annotations

import itertools
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Slice:
    """`units` of work done in `seconds`."""

    units: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.units / self.seconds

    @property
    def each(self) -> float:
        """Seconds for one unit."""
        return self.seconds / self.units


Side = Callable[[], Slice]


@dataclass(frozen=True, slots=True)
class Spread:
    """A median with its quartiles and the number of values behind it."""

    median: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        if len(values) < 2:
            only = values[0] if values else float("nan")
            return cls(only, only, only, len(values))
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(statistics.median(values), low, high, len(values))


class Rounds:
    """What every side did in every round."""

    def __init__(self, rounds: Sequence[Mapping[str, Slice]]) -> None:
        self._rounds = rounds

    def rate_ratio(self, ours: str, against: str) -> Spread:
        """How many times the throughput of `against` (more is better)."""
        return Spread.of([r[ours].rate / r[against].rate for r in self._rounds])

    def time_ratio(self, ours: str, against: str) -> Spread:
        """How many times the time of `against` (less is better)."""
        return Spread.of([r[ours].each / r[against].each for r in self._rounds])

    def control(self, side: str) -> Spread:
        """A/A: a side against itself in the next round."""
        rates = [r[side].rate for r in self._rounds]
        return Spread.of([b / a for a, b in itertools.pairwise(rates)])

    def rate(self, side: str) -> Spread:
        return Spread.of([r[side].rate for r in self._rounds])

    def each(self, side: str) -> Spread:
        return Spread.of([r[side].each for r in self._rounds])

    def as_json(self) -> list[dict[str, dict[str, float]]]:
        return [
            {name: {"units": s.units, "seconds": round(s.seconds, 6)} for name, s in r.items()} for r in self._rounds
        ]


def alternate(sides: Mapping[str, Side], *, rounds: int, warm_up: int = 1) -> Rounds:
    """Call every side once a round, in the order given; the first `warm_up` rounds are thrown away."""
    done = []
    for number in range(warm_up + rounds):
        done.append({name: side() for name, side in sides.items()})
        rates = ", ".join(f"{name} {s.rate:,.0f}/s" for name, s in done[-1].items())
        progress(f"  round {number - warm_up + 1}/{rounds}: {rates}")
    return Rounds(done[warm_up:])


def repeat(operation: Callable[[], object], *, seconds: float) -> Side:
    """A side that does `operation` again and again for about `seconds`."""

    def side() -> Slice:
        units, start = 0, time.perf_counter()
        while True:
            operation()
            units += 1
            if (spent := time.perf_counter() - start) >= seconds:
                return Slice(units, spent)

    return side


def repeat_with_reset(operation: Callable[[], object], reset: Callable[[], object], *, seconds: float) -> Side:
    """As `repeat`, with an untimed `reset` before each operation; lasts until `seconds` went by in all."""

    def side() -> Slice:
        units, timed, start = 0, 0.0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            reset()
            before = time.perf_counter()
            operation()
            timed += time.perf_counter() - before
            units += 1
        return Slice(units, timed)

    return side


def progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
