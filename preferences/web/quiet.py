"""Quiet hours on the settings page: how things stand now, and the rows in which hours are typed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from django.http import QueryDict
from django.utils.dates import WEEKDAYS, WEEKDAYS_ABBR
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from .. import timing
from ..hours import Clock
from ..personal import Preferences

DAYS = (1, 2, 3, 4, 5, 6, 7)


@dataclass(frozen=True)
class State:
    """What becomes of messages that can wait, at this moment; `quiet`: they are held. `clock`: the person's own."""

    said: str
    quiet: bool
    snoozed: bool
    clock: str


@dataclass(frozen=True)
class WindowRow:
    """As it is typed; `days` from 1 (Monday) to 7."""

    number: int
    start: str = ""
    end: str = ""
    days: Sequence[int] = DAYS


def state_of(clock: Clock) -> State:
    now, zone = clock.now, clock.zone
    reading = date_format(now.astimezone(zone), "H:i")
    if clock.snooze_until is not None and clock.snooze_until > now:
        return State(_("Do not disturb until %s") % _moment(clock.snooze_until, zone, now), True, True, reading)
    until = timing.quiet_until(clock.times, zone=zone, at=now)
    if until is not None:
        return State(_("Quiet hours until %s") % _moment(until, zone, now), True, False, reading)
    return State(_("Messages reach you now"), False, False, reading)


def rows_of(said: Preferences, typed: QueryDict | None) -> Iterator[WindowRow]:
    """Those that there are, or that were typed, and an empty one."""
    known = [*_typed(typed)] if typed else [*_stored(said)]
    for number, (start, end, days) in enumerate([*known, ("", "", DAYS)]):
        yield WindowRow(number, start, end, days)


def in_words(window: Mapping[str, Any]) -> str:
    days, names = window.get("days", DAYS), weekdays()
    when = _("every day") if len(days) == 7 else ", ".join(names[day - 1][2] for day in days)
    return f"{window['start']}\u2013{window['end']}, {when}"


def weekdays() -> list[tuple[int, str, str]]:
    """The ISO number of each, its name, and its short one."""
    return [(day + 1, str(WEEKDAYS[day]), str(WEEKDAYS_ABBR[day])) for day in range(7)]


def _stored(said: Preferences) -> Iterator[tuple[str, str, Sequence[int]]]:
    for one in said.quiet_hours or ():
        yield one["start"], one["end"], one.get("days", DAYS)


def _typed(form: QueryDict) -> Iterator[tuple[str, str, Sequence[int]]]:
    for name in form:
        number = name.removeprefix("start-")
        start, end = form.get(name, ""), form.get(f"end-{number}", "")
        if name.startswith("start-") and (start or end):
            days = [int(day) for day in form.getlist(f"days-{number}") if day in set("1234567")]
            yield start, end, days or DAYS


def _moment(at: datetime, zone: tzinfo, now: datetime) -> str:
    """By the clock, with the day where it is another one."""
    local = at.astimezone(zone)
    return date_format(local, "H:i" if local.date() == now.astimezone(zone).date() else "l H:i")
