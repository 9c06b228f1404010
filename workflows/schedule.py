"""When a clock on somebody's wall next shows a time. Pure: zone and moment come in."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY_DAY = range(7)


def next_time(times: Sequence[time], *, zone: ZoneInfo, after: datetime, days: Collection[int] = EVERY_DAY) -> datetime:
    """The first instant after `after` at which a clock in `zone` shows one of `times`, on one of `days` (0 is Monday).
    A time that the clock leaves out is the jump itself; of one that it shows twice, the first counts."""
    today = after.astimezone(zone).date()
    dates = [today + timedelta(days=n) for n in range(-1, 9)]
    found = (instant(day, at, zone) for day in dates if day.weekday() in days for at in times)
    return min(one for one in found if one > after)


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """When a clock in `zone` shows this, in UTC."""
    shown = datetime.combine(day, at)
    found = shown.replace(tzinfo=zone).astimezone(UTC)
    return found if found.astimezone(zone).replace(tzinfo=None) == shown else _jump(shown, zone)


def _jump(shown: datetime, zone: ZoneInfo) -> datetime:
    """The second at which the clock leaves `shown` out: it is early before, and late after."""
    late, early = (shown.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    while late - early > timedelta(seconds=1):
        middle = (early + (late - early) / 2).replace(microsecond=0)
        early, late = (middle, late) if middle.astimezone(zone).replace(tzinfo=None) < shown else (early, middle)
    return late


@lru_cache(maxsize=1)
def zone_names() -> tuple[str, ...]:
    """Every zone that there is."""
    return tuple(sorted(available_timezones()))


@lru_cache(maxsize=1024)
def zone_named(name: str) -> ZoneInfo:
    """The zone of that name; UTC where there is none."""
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return ZoneInfo("UTC")
