"""Functions of the host that a `call` asks about people: registered by name, given a set of people at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Person:
    """One of those who stand at the step. `id` is the key of their `Recipient` row, `recipient` what texts see of them;
    `payload` and `transaction_id` are of the run that brought them here. One person may be there for several runs."""

    id: int
    recipient: Mapping[str, Any]
    payload: Mapping[str, Any]
    transaction_id: str


@dataclass(frozen=True)
class Branch:
    """Send this person into that branch of the step, instead of bringing a value for them."""

    name: str


Function = Callable[[Sequence[Person]], Sequence[Any]]
"""Answers for each of the people, in their order: a JSON value of at most 4 KB, or a `Branch`."""

FUNCTIONS: dict[str, Function] = {}


def function(key: str) -> Callable[[Function], Function]:
    """Register a function for `call(…, key)`:

        @function("risk.score")
        def score(people):
            found = Risk.objects.in_bulk([one.id for one in people])
            return [found[one.id].score if one.id in found else None for one in people]

    It is called once for up to 1,000 people, outside of any transaction, has 20 seconds, and may be called again for
    the same people when a worker dies.
    """

    def register(given: Function) -> Function:
        FUNCTIONS[key] = given
        return given

    return register
