"""A set of people behaves as Python's sets do."""

import random

import pytest

from workflows.people import NOBODY, People
from workflows.step import join

pytestmark = pytest.mark.once


@pytest.mark.parametrize("seed", range(25))
def test_every_operation_agrees_with_a_python_set(seed: int) -> None:
    chance = random.Random(seed)
    size = chance.choice([1, 7, 8, 9, 64, 1000])
    some, other = (set(chance.sample(range(size), chance.randint(0, size))) for _ in range(2))
    left, right = People.of(some), People.of(other)

    assert set(left | right) == some | other
    assert set(left & right) == some & other
    assert set(left - right) == some - other
    assert list(left) == sorted(some)
    assert len(left) == len(some)
    assert bool(left) == bool(some)
    assert all((place in left) == (place in some) for place in range(size + 10))
    assert set(join([left, right, NOBODY])) == some | other
    assert People.load(left.dump()) == left


@pytest.mark.parametrize("size", [0, 1, 8, 999, 1000])
def test_everyone_is_every_place(size: int) -> None:
    assert list(People.everyone(size)) == list(range(size))


def test_a_thousand_people_are_no_more_than_125_bytes() -> None:
    assert len(People.everyone(1000).dump()) == 125


def test_nobody_is_stored_as_nothing() -> None:
    assert NOBODY.dump() == b""
    assert People.load(b"") == NOBODY


def test_what_a_database_driver_hands_back_is_read() -> None:
    assert list(People.load(memoryview(People.of([3, 500]).dump()))) == [3, 500]
