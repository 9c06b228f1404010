"""Local time: when a clock on somebody's wall shows what. Pure: zone and moment come in, instants in UTC go out.

Clocks are put forward and back, at any hour and by any amount. A reading that a clock leaves out (a gap) is the moment
of the jump. Of readings that come twice (an overlap), what begins takes the first pass and what ends the second; so a
window is always one piece.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY_DAY = range(7)
READING = r"^([01]\d|2[0-3]):[0-5]\d$"
"""How a time of the day is written."""
END_READING = r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$"
"""And one at which something ends."""

_DAY = timedelta(days=1)
_SEARCH_DAYS = 16
"""As far as it may be to the next of something that is there every week, a day that a zone leaves out among them."""


@dataclass(frozen=True)
class Window:
    """From one reading of the clock to another, each as the time since midnight; one that does not end after it begins
    ends on the next day. 24:00 is an end."""

    start: timedelta
    end: timedelta

    @classmethod
    def of(cls, start: str, end: str) -> Window:
        """Raises ValueError for a window of nothing."""
        begins, ends = since_midnight(start), since_midnight(end)
        if begins == ends:
            raise ValueError(f"A window from {start} to {end} is none.")
        return cls(begins, ends if ends > begins else ends + _DAY)


@lru_cache(maxsize=1)
def zone_names() -> tuple[str, ...]:
    """Every zone that there is."""
    return tuple(sorted(available_timezones()))


@lru_cache(maxsize=1024)
def zone_named(name: str) -> ZoneInfo | None:
    """The zone of that name; None where there is none, whatever somebody wrote there."""
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return None


def zone_of(*names: str) -> ZoneInfo:
    """The first of these that is one (the person's, the tenant's); else UTC."""
    return next((zone for name in names if name and (zone := zone_named(name))), _utc())


def since_midnight(reading: str) -> timedelta:
    """Of `09:30`, nine hours and a half."""
    hours, minutes = reading.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


def instant(day: date, at: time | timedelta, zone: ZoneInfo) -> datetime:
    """When a clock in `zone` first shows this reading of that day."""
    shown = _shown(day, at)
    found = shown.replace(tzinfo=zone).astimezone(UTC)
    return found if _reading(found, zone) == shown else _jump(shown, zone)


def last_instant(day: date, at: time | timedelta, zone: ZoneInfo) -> datetime:
    """From when on a clock in `zone` never again shows an earlier reading: the second pass, where there are two."""
    shown = _shown(day, at)
    second = shown.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if _reading(second, zone) != shown:
        return _jump(shown, zone)
    put_back = _reading(second - timedelta(microseconds=1), zone) > shown
    return instant(day, at, zone) if put_back else second  # the first reading of the second pass is not before itself


def next_time(times: Iterable[time], *, zone: ZoneInfo, after: datetime, days: Collection[int] = EVERY_DAY) -> datetime:
    """The first instant after `after` at which a clock in `zone` shows one of `times`, on one of `days` (0 is Monday).

    A time that is left out is there at the jump; one that comes twice counts once, the first time."""
    wanted = list(times)
    found = (instant(day, at, zone) for day in _days(after, zone) if day.weekday() in days for at in wanted)
    return min(one for one in found if one > after)


def occurrence(day: date, window: Window, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    """The window that begins on that day, to the instant at which it is over; None where a gap swallows all of it."""
    begins, ends = instant(day, window.start, zone), last_instant(day, window.end, zone)
    return (begins, ends) if begins < ends else None


def next_within(windows: Mapping[int, Sequence[Window]], *, zone: ZoneInfo, at: datetime) -> datetime | None:
    """`at` itself if a clock in `zone` is then within one of the windows (by the weekday on which each begins), else
    when the next begins; None where there is none."""
    begun = (
        found[0]
        for day in _days(at, zone)
        for window in windows.get(day.weekday(), ())
        if (found := occurrence(day, window, zone)) and found[1] > at
    )
    return max(min(begun, default=None) or at, at) if any(windows.values()) else None


def covered_until(
    windows: Mapping[int, Sequence[Window]], *, zone: ZoneInfo, at: datetime, longest: timedelta
) -> datetime | None:
    """When a clock in `zone` is out of the windows (by the weekday on which each begins) in which it is `at` that time;
    None where it is in none. Windows that touch are one. It is not looked at what comes `longest` after `at`."""
    known: dict[date, list[tuple[datetime, datetime]]] = {}

    def around(moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        """What begins on the local day of the moment, or on one beside it: where clocks are put back over midnight,
        what began on the next day covers the rest of this one."""
        today = moment.astimezone(zone).date()
        for day in (today - _DAY, today, today + _DAY):
            if day not in known:
                spans = (occurrence(day, window, zone) for window in windows.get(day.weekday(), ()))
                known[day] = [span for span in spans if span]
            yield from known[day]

    over = at
    while over < at + longest:
        further = max((end for begin, end in around(over) if begin <= over < end), default=None)
        if further is None:
            break
        over = further
    return min(over, at + longest) if over > at else None


def next_hour(*, zone: ZoneInfo, after: datetime) -> datetime:
    """The first instant after `after` at which a clock in `zone` shows a full hour. An hour that comes twice counts
    once, the first time."""
    shown = _reading(after, zone)
    hours = (shown.replace(minute=0, second=0, microsecond=0) + timedelta(hours=n) for n in range(1, 50))
    return next(found for hour in hours if (found := instant(hour.date(), hour.time(), zone)) > after)


def _days(moment: datetime, zone: ZoneInfo) -> Iterator[date]:
    """The local day before that of the moment, and those that follow."""
    today = moment.astimezone(zone).date()
    return (today + n * _DAY for n in range(-1, _SEARCH_DAYS))


def _shown(day: date, at: time | timedelta) -> datetime:
    since = at if isinstance(at, timedelta) else timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)
    return datetime.combine(day, time()) + since


def _reading(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def _jump(shown: datetime, zone: ZoneInfo) -> datetime:
    """The second at which a clock leaves `shown` out: its readings are before it, and then behind it."""
    late, early = (shown.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    while late - early > timedelta(seconds=1):
        middle = (early + (late - early) / 2).replace(microsecond=0)
        early, late = (middle, late) if _reading(middle, zone) < shown else (early, middle)
    return late


@lru_cache(maxsize=1)
def _utc() -> ZoneInfo:
    return ZoneInfo("UTC")
