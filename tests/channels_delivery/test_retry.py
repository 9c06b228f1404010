"""When to try again, as a table."""

from datetime import UTC, datetime, timedelta

import pytest

from channels_delivery.retry import LONG, QUICK, parse_retry_after

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = 3600


@pytest.mark.parametrize(
    ("attempt", "chance", "asked", "seconds"),
    [
        (1, 0.5, None, 30),
        (1, 0.0, None, 24),
        (1, 0.999999, None, 36),
        (2, 0.5, None, 120),
        (3, 0.5, None, 600),
        (1, 0.5, 10, 30),
        (1, 0.5, 45, 45),
        (1, 0.5, 3 * HOUR, HOUR),
    ],
)
def test_the_longer_of_the_step_and_what_the_receiver_asked_for(
    attempt: int, chance: float, asked: float | None, seconds: float
) -> None:
    again = QUICK.next_after(attempt, now=NOW, chance=chance, retry_after=asked)

    assert again is not None
    assert (again - NOW).total_seconds() == pytest.approx(seconds, abs=0.01)


def test_after_its_last_step_a_policy_gives_up() -> None:
    assert QUICK.next_after(4, now=NOW, chance=0.5) is None
    assert LONG.next_after(10, now=NOW, chance=0.5) == NOW + timedelta(hours=24)
    assert LONG.next_after(11, now=NOW, chance=0.5) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30),
        ("Sun, 01 Mar 2026 11:00:00 GMT", None),
        ("0", None),
        ("-5", None),
        ("1.5", None),
        ("9" * 30, None),
        ("soon", None),
        ("", None),
        (None, None),
        ("٣٠", None),
        ("Sun, 01 Mar 2026 12:00:30", None),
        ("Sun, 99 Mar 99999999999 12:00:30 GMT", None),
    ],
)
def test_a_retry_after_is_seconds_or_a_date_in_the_future(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, now=NOW) == seconds
