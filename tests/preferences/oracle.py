"""Quiet hours told minute by minute: the rule written down as slowly and plainly as it can be, to hold the real one
against. It knows nothing of `kernel/local_time.py` and asks the zone for one thing only, what a clock shows.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
EPOCH = datetime(1970, 1, 1)


@cache
def transitions(zone: str, year: int) -> list[datetime]:
    """The minutes of a year at which the clocks of a zone are put forward or back."""
    clock, found = ZoneInfo(zone), list[datetime]()
    hour, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    while hour < end:
        if hour.astimezone(clock).utcoffset() != (hour + timedelta(hours=1)).astimezone(clock).utcoffset():
            minutes = (hour + n * MINUTE for n in range(1, 61))
            before = hour.astimezone(clock).utcoffset()
            found.append(next(one for one in minutes if one.astimezone(clock).utcoffset() != before))
        hour += timedelta(hours=1)
    return found


@cache
def readings(zone: str, begin: datetime, days: int) -> list[int]:
    """What a clock shows at each minute from `begin`, as minutes since 1970 on the clock itself."""
    clock = ZoneInfo(zone)
    shown = ((begin + n * MINUTE).astimezone(clock).replace(tzinfo=None) for n in range(days * 24 * 60))
    return [(one - EPOCH) // MINUTE for one in shown]


def quiet_minutes(windows: Sequence[dict[str, Any]], shown: Sequence[int]) -> list[bool]:
    """Of each minute, whether it is quiet. Only what begins a day after the first reading is sure to be whole."""
    quiet = [False] * len(shown)
    for day in _days(shown):
        for window in windows:
            if day.isoweekday() in window.get("days", range(1, 8)):
                begin, end = _bounds(day, window, shown)
                quiet[begin:end] = [True] * (end - begin)
    return quiet


def _bounds(day: date, window: dict[str, Any], shown: Sequence[int]) -> tuple[int, int]:
    """From the first minute that shows the start or later, to the first after which no reading before the end comes."""
    midnight = (datetime.combine(day, datetime.min.time()) - EPOCH) // MINUTE
    start, end = _minutes(window["start"]), _minutes(window["end"])
    start, end = midnight + start, midnight + end + (24 * 60 if end < start else 0)
    begin = next((at for at, reading in enumerate(shown) if reading >= start), len(shown))
    before = next((at for at in range(len(shown) - 1, -1, -1) if shown[at] < end), -1)
    return begin, max(begin, before + 1)


def _minutes(reading: str) -> int:
    hours, minutes = reading.split(":")
    return int(hours) * 60 + int(minutes)


def _days(shown: Sequence[int]) -> Iterator[date]:
    first, last = (EPOCH.date() + timedelta(minutes=min(shown))), EPOCH.date() + timedelta(minutes=max(shown))
    yield from (first + timedelta(days=n) for n in range(-1, (last - first).days + 2))
