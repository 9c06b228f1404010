"""The clock that is asked once a second."""

from datetime import timedelta

import pytest
from django.db import connection

from notifications.kernel.clock import RunningClock, db_now
from tests.cast import statements

pytestmark = pytest.mark.django_db


def test_it_is_asked_once_and_carried_on() -> None:
    clock = RunningClock()

    with statements() as found:
        told = [clock.now() for _ in range(100)]

    assert told == sorted(told)
    assert len(found) == (1 if connection.vendor == "postgresql" else 0)


def test_what_was_said_before_is_never_later_than_now() -> None:
    """A run is due from the moment of its trigger, and whoever is rung for must not take that for the future."""
    clock = RunningClock()
    clock.now_or_later()

    for _ in range(20):
        before = db_now()
        assert before - timedelta(microseconds=1) <= clock.now_or_later()


def test_what_is_written_down_is_never_later_than_now() -> None:
    """An attempt is on record before its receiver sees it."""
    for _ in range(20):
        said = RunningClock().now()
        assert said <= db_now() + timedelta(microseconds=1)


def test_it_keeps_to_the_clock_of_the_database() -> None:
    clock = RunningClock()
    clock.now()

    assert abs(clock.now() - db_now()) < timedelta(seconds=1)
