"""When a clock on somebody's wall next shows a time: also on the days on which clocks jump."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from workflows.schedule import EVERY_DAY, WEEKDAYS, next_time, zone_named


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


CASES = [
    ("later today", "Europe/Lisbon", "2026-01-15T08:00", "09:00", "", "2026-01-15T09:00"),
    ("tomorrow", "Europe/Lisbon", "2026-01-15T09:30", "09:00", "", "2026-01-16T09:00"),
    ("never now", "Europe/Lisbon", "2026-01-15T09:00", "09:00", "", "2026-01-16T09:00"),
    ("the date there", "Pacific/Auckland", "2026-01-15T12:00", "09:00", "", "2026-01-15T20:00"),
    ("summer time", "Europe/Lisbon", "2026-07-15T07:00", "09:00", "", "2026-07-15T08:00"),
    ("the first of several", "UTC", "2026-01-15T10:00", "09:00 12:00 18:00", "", "2026-01-15T12:00"),
    ("a weekday", "UTC", "2026-01-15T10:00", "09:00", "mon", "2026-01-19T09:00"),
    ("the same weekday, passed", "UTC", "2026-01-19T10:00", "09:00", "mon", "2026-01-26T09:00"),
    ("left out: the jump", "Europe/Berlin", "2026-03-28T12:00", "02:30", "", "2026-03-29T01:00"),
    ("left out, half an hour", "Australia/Lord_Howe", "2026-10-03T12:00", "02:10", "", "2026-10-03T15:30"),
    ("shown twice: the first", "Europe/Berlin", "2026-10-24T12:00", "02:30", "", "2026-10-25T00:30"),
    ("shown twice, once is over", "Europe/Berlin", "2026-10-25T00:45", "02:30", "", "2026-10-26T01:30"),
    ("across the jump", "America/New_York", "2026-03-08T05:00", "09:00", "", "2026-03-08T13:00"),
    ("a day that was left out", "Pacific/Apia", "2011-12-30T09:00", "12:00", "", "2011-12-30T10:00"),
]


@pytest.mark.parametrize(("name", "zone", "after", "times", "days", "expected"), CASES, ids=[case[0] for case in CASES])
def test_the_next_time(name: str, zone: str, after: str, times: str, days: str, expected: str) -> None:
    chosen = [WEEKDAYS.index(day) for day in days.split()] or EVERY_DAY
    wanted = [time.fromisoformat(one) for one in times.split()]

    assert next_time(wanted, zone=ZoneInfo(zone), after=at(after), days=chosen) == at(expected)


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd", "Europe"])
def test_a_zone_that_is_none_is_utc(name: str) -> None:
    assert zone_named(name) == ZoneInfo("UTC")
