"""When to stop knocking, as histories of results: `x` failed, `.` succeeded."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from channels_delivery.breaker import Health

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def after(results: str, health: Health | None = None) -> Health:
    health = health or Health()
    for result in results:
        health = health.after(result == "x", now=NOW)
    return health


@pytest.mark.parametrize(
    ("results", "state"),
    [
        ("xxxx", "closed"),
        ("xxxxx", "open"),
        ("xxxx.xxxx", "closed"),
        ("x." * 10, "closed"),
        ("x." * 9 + "xx", "open"),
        ("." * 100 + "xxxx", "closed"),
        (".xx" * 6 + ".", "closed"),
        (".xx" * 6 + ".x", "open"),
    ],
)
def test_opens_after_five_in_a_row_or_more_than_half_of_twenty(results: str, state: str) -> None:
    assert after(results).state == state


def test_the_first_probe_comes_after_thirty_seconds_and_each_failed_one_doubles_that_to_ten_minutes() -> None:
    health = after("xxxxx")
    waits = [health.probe_after]
    for _ in range(6):
        health = after("x", replace(health, state="probing"))
        waits.append(health.probe_after)

    assert waits == [30, 60, 120, 240, 480, 600, 600]
    assert health.open_at == NOW + timedelta(seconds=600)


def test_what_was_under_way_when_it_opened_does_not_lengthen_the_wait() -> None:
    assert after("x" * 8).open_at == NOW + timedelta(seconds=30)


def test_a_late_success_of_what_was_under_way_does_not_close_it() -> None:
    open_since = after("xxxxx")

    assert after(".", open_since) == open_since


def test_a_probe_that_succeeds_closes_it_and_forgets_the_bad_past() -> None:
    assert after(".", replace(after("xxxxx"), state="probing")) == Health()


def test_a_success_does_not_end_a_wait_that_the_receiver_asked_for() -> None:
    asked = NOW + timedelta(minutes=5)

    assert after(".", Health(open_at=asked)).open_at == asked


def test_opening_does_not_shorten_a_wait_that_the_receiver_asked_for() -> None:
    asked = NOW + timedelta(hours=1)

    assert after("xxxxx", Health(open_at=asked)).open_at == asked
