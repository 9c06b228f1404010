"""Local time: days on which clocks are put forward or back, by an hour, by half of one, at midnight, by a whole day."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from notifications.kernel.local_time import (
    WEEKDAYS,
    Window,
    instant,
    last_instant,
    next_time,
    next_within,
    occurrence,
    since_midnight,
    zone_named,
    zone_of,
)

pytestmark = pytest.mark.once

BERLIN, NEW_YORK, LORD_HOWE, KATHMANDU, APIA, BEIRUT, HAVANA = (
    ZoneInfo(name)
    for name in (
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "Pacific/Apia",
        "Asia/Beirut",
        "America/Havana",
    )
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "reading", "first", "last"),
    [
        (BERLIN, "2026-01-14", "09:00", "2026-01-14T08:00", "2026-01-14T08:00"),
        (BERLIN, "2026-07-14", "09:00", "2026-07-14T07:00", "2026-07-14T07:00"),
        (KATHMANDU, "2026-05-10", "21:15", "2026-05-10T15:30", "2026-05-10T15:30"),
        # A gap: what is left out is the jump.
        (BERLIN, "2026-03-29", "02:00", "2026-03-29T01:00", "2026-03-29T01:00"),
        (BERLIN, "2026-03-29", "02:30", "2026-03-29T01:00", "2026-03-29T01:00"),
        (BERLIN, "2026-03-29", "03:00", "2026-03-29T01:00", "2026-03-29T01:00"),
        (BERLIN, "2026-03-29", "03:01", "2026-03-29T01:01", "2026-03-29T01:01"),
        (NEW_YORK, "2026-03-08", "02:30", "2026-03-08T07:00", "2026-03-08T07:00"),
        (LORD_HOWE, "2026-10-04", "02:15", "2026-10-03T15:30", "2026-10-03T15:30"),
        (BEIRUT, "2026-03-29", "00:30", "2026-03-28T22:00", "2026-03-28T22:00"),
        (APIA, "2011-12-30", "12:00", "2011-12-30T10:00", "2011-12-30T10:00"),
        # An overlap: the first pass begins, the second ends; what is the first to come again ends with the first pass.
        (BERLIN, "2026-10-25", "01:59", "2026-10-24T23:59", "2026-10-24T23:59"),
        (BERLIN, "2026-10-25", "02:00", "2026-10-25T00:00", "2026-10-25T00:00"),
        (BERLIN, "2026-10-25", "02:30", "2026-10-25T00:30", "2026-10-25T01:30"),
        (BERLIN, "2026-10-25", "03:00", "2026-10-25T02:00", "2026-10-25T02:00"),
        (NEW_YORK, "2026-11-01", "01:00", "2026-11-01T05:00", "2026-11-01T05:00"),
        (LORD_HOWE, "2026-04-05", "01:45", "2026-04-04T14:45", "2026-04-04T15:15"),
        (HAVANA, "2025-11-02", "00:00", "2025-11-02T04:00", "2025-11-02T04:00"),
        (HAVANA, "2025-11-02", "00:30", "2025-11-02T04:30", "2025-11-02T05:30"),
        (BEIRUT, "2026-10-24", "23:30", "2026-10-24T20:30", "2026-10-24T21:30"),
        (BEIRUT, "2026-10-24", "24:00", "2026-10-24T22:00", "2026-10-24T22:00"),
    ],
)
def test_when_a_clock_shows_it(zone: ZoneInfo, day: str, reading: str, first: str, last: str) -> None:
    shown, at = date.fromisoformat(day), since_midnight(reading)

    assert instant(shown, at, zone) == utc(first)
    assert last_instant(shown, at, zone) == utc(last)


@pytest.mark.parametrize(
    ("zone", "after", "at", "days", "found"),
    [
        (BERLIN, "2026-01-14T07:59:59", "09:00", "", "2026-01-14T08:00"),
        (BERLIN, "2026-01-14T08:00", "09:00", "", "2026-01-15T08:00"),
        (BERLIN, "2026-01-14T08:00", "09:00", "mon", "2026-01-19T08:00"),
        (BERLIN, "2026-01-14T08:00", "09:00", "wed", "2026-01-21T08:00"),
        (BERLIN, "2026-03-28T08:30", "09:00", "", "2026-03-29T07:00"),
        (BERLIN, "2026-03-29T00:30", "02:30", "", "2026-03-29T01:00"),
        (BERLIN, "2026-03-29T01:00", "02:30", "", "2026-03-30T00:30"),
        (BERLIN, "2026-10-25T00:15", "02:30", "", "2026-10-25T00:30"),
        (BERLIN, "2026-10-25T00:45", "02:30", "", "2026-10-26T01:30"),
        (APIA, "2011-12-29T20:00", "09:00", "", "2011-12-30T10:00"),
        (LORD_HOWE, "2026-10-03T12:00", "02:10", "", "2026-10-03T15:30"),
        (NEW_YORK, "2026-03-08T05:00", "09:00", "", "2026-03-08T13:00"),
        (ZoneInfo("Pacific/Auckland"), "2026-01-15T12:00", "09:00", "", "2026-01-15T20:00"),
        (ZoneInfo("Pacific/Kiritimati"), "2026-01-14T11:00", "01:30", "thu", "2026-01-14T11:30"),
        (ZoneInfo("Pacific/Pago_Pago"), "2026-01-15T09:00", "23:00", "wed", "2026-01-15T10:00"),
    ],
)
def test_the_next_time_that_a_clock_shows_it(zone: ZoneInfo, after: str, at: str, days: str, found: str) -> None:
    wanted = {WEEKDAYS.index(day) for day in days.split()} or range(7)

    assert next_time([time.fromisoformat(at)], zone=zone, after=utc(after), days=wanted) == utc(found)


def test_of_several_times_the_next_counts() -> None:
    times = [time(9), time(17)]

    assert next_time(times, zone=BERLIN, after=utc("2026-01-14T09:00")) == utc("2026-01-14T16:00")


@pytest.mark.parametrize(
    ("zone", "day", "start", "end", "found"),
    [
        (BERLIN, "2026-01-14", "22:00", "07:00", ("2026-01-14T21:00", "2026-01-15T06:00")),
        (BERLIN, "2026-01-14", "00:00", "24:00", ("2026-01-13T23:00", "2026-01-14T23:00")),
        (NEW_YORK, "2026-03-07", "22:00", "02:30", ("2026-03-08T03:00", "2026-03-08T07:00")),
        (NEW_YORK, "2026-03-08", "02:15", "06:00", ("2026-03-08T07:00", "2026-03-08T10:00")),
        (NEW_YORK, "2026-03-08", "02:15", "02:45", None),
        (NEW_YORK, "2026-10-31", "22:00", "01:00", ("2026-11-01T02:00", "2026-11-01T05:00")),
        (NEW_YORK, "2026-10-31", "22:00", "01:30", ("2026-11-01T02:00", "2026-11-01T06:30")),
        (NEW_YORK, "2026-11-01", "01:30", "05:00", ("2026-11-01T05:30", "2026-11-01T10:00")),
        (NEW_YORK, "2026-11-01", "01:15", "01:45", ("2026-11-01T05:15", "2026-11-01T06:45")),
        (KATHMANDU, "2026-05-10", "21:15", "06:30", ("2026-05-10T15:30", "2026-05-11T00:45")),
    ],
)
def test_a_window_is_one_piece(zone: ZoneInfo, day: str, start: str, end: str, found: tuple[str, str] | None) -> None:
    window = Window.of(start, end)

    assert occurrence(date.fromisoformat(day), window, zone) == (found and tuple(map(utc, found)))


@pytest.mark.parametrize("start", ["00:00", "09:00"])
def test_a_window_of_nothing_is_refused(start: str) -> None:
    with pytest.raises(ValueError, match="is none"):
        Window.of(start, start)


WEEK = {day: [Window.of("09:00", "12:00"), Window.of("13:00", "17:00")] for day in range(5)}
NIGHT = {4: [Window.of("22:00", "02:30")]}


@pytest.mark.parametrize(
    ("windows", "at", "found"),
    [
        (WEEK, "2026-01-14T07:59:59", "2026-01-14T08:00"),
        (WEEK, "2026-01-14T08:00", "2026-01-14T08:00"),
        (WEEK, "2026-01-14T10:59:59", "2026-01-14T10:59:59"),
        (WEEK, "2026-01-14T11:00", "2026-01-14T12:00"),
        (WEEK, "2026-01-16T16:00", "2026-01-19T08:00"),
        (WEEK, "2026-03-27T16:00", "2026-03-30T07:00"),
        (NIGHT, "2026-10-24T00:15", "2026-10-24T00:15"),
        (NIGHT, "2026-10-24T00:30", "2026-10-30T21:00"),
        ({5: [Window.of("22:00", "02:30")]}, "2026-10-25T01:15", "2026-10-25T01:15"),
        ({6: [Window.of("02:10", "02:50")]}, "2026-03-28T12:00", "2026-04-05T00:10"),
        ({}, "2026-01-14T08:00", None),
    ],
)
def test_the_next_moment_within_windows(windows: dict[int, list[Window]], at: str, found: str | None) -> None:
    assert next_within(windows, zone=BERLIN, at=utc(at)) == (found and utc(found))


def test_every_hour_of_a_year_is_within_a_window_or_before_the_next() -> None:
    moment, end = utc("2026-01-01T00:00"), utc("2027-01-01T00:00")
    while moment < end:
        found = next_within(WEEK, zone=NEW_YORK, at=moment)
        assert found is not None
        assert moment <= found <= moment + timedelta(days=3)
        assert 9 <= found.astimezone(NEW_YORK).hour < 17
        moment += timedelta(hours=5, minutes=7)


@pytest.mark.parametrize(
    ("names", "zone"),
    [
        (("Asia/Kathmandu", "Europe/Berlin"), "Asia/Kathmandu"),
        (("", "Europe/Berlin"), "Europe/Berlin"),
        (("Mars/Olympus", "Europe/Berlin"), "Europe/Berlin"),
        (("../../etc/passwd", "\0", ""), "UTC"),
        (("Mars/Olympus" * 50,), "UTC"),
        ((), "UTC"),
    ],
)
def test_a_zone_that_is_none_is_passed_over(names: tuple[str, ...], zone: str) -> None:
    assert str(zone_of(*names)) == zone


def test_a_zone_is_looked_up_once() -> None:
    assert zone_named("Europe/Berlin") is zone_named("Europe/Berlin")
    assert zone_named("Mars/Olympus") is None
