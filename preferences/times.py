"""The hours of somebody as JSON: quiet hours, send windows, how often; what is wrong with them, and the values they are
read as. Pure.

A window is `{"start": "22:00", "end": "07:00", "days": [1, 2, 3, 4, 5]}`: from one reading of the person's clock to
another, 24:00 allowed as an end; `days` are ISO weekdays (1 is Monday) on which it begins, every day where they are
left out. A send window may name `channels`, those that it is about.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from enum import StrEnum
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext as _

from notifications.kernel.local_time import END_READING, READING, Window, since_midnight

WINDOWS_MAX = 50
CATEGORIES_MAX = 200
DIGEST_AT = "09:00"
DIGEST_DAY = 1

Week = Mapping[int, Sequence[Window]]
"""Windows by the weekday on which they begin; 0 is Monday."""


class Frequency(StrEnum):
    """How often a category's messages arrive, on channels that can wait."""

    AT_ONCE = "at_once"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"


@dataclass(frozen=True)
class SendWindows:
    """When messages may come: `always` of every channel, `of_channel` of that one alone."""

    always: Week = field(default_factory=dict)
    of_channel: Mapping[str, Week] = field(default_factory=dict)

    def weeks(self, kind: str) -> list[Week]:
        """The windows that all have to be open for this kind."""
        return [week for week in (self.always, self.of_channel.get(kind, {})) if week]


@dataclass(frozen=True)
class Times:
    """What one person's clock has to say, the tenant's words filled in where they said nothing."""

    quiet: Week = field(default_factory=dict)
    windows: SendWindows = field(default_factory=SendWindows)
    frequencies: Sequence[Mapping[str, str]] = ()
    """The person's by category, then the tenant's; "" is every category that is not named."""
    digest_at: time = time(9)
    digest_day: int = 0

    def frequency(self, category: str) -> Frequency:
        for said in self.frequencies:
            for name in (category, ""):
                if name in said:
                    return Frequency(said[name])
        return Frequency.AT_ONCE


@lru_cache(maxsize=4096)
def read_quiet(text: str) -> Week:
    """From the stored JSON. Kept by content, so never stale."""
    return _week(json.loads(text))


@lru_cache(maxsize=4096)
def read_send_windows(text: str) -> SendWindows:
    said = json.loads(text)
    kinds = {kind for one in said for kind in one.get("channels", ())}
    return SendWindows(
        _week([one for one in said if "channels" not in one]),
        {kind: _week([one for one in said if kind in one.get("channels", ())]) for kind in sorted(kinds)},
    )


@lru_cache(maxsize=4096)
def read_frequencies(text: str) -> Mapping[str, str]:
    found: Mapping[str, str] = json.loads(text)
    return found


def read_digest_at(reading: str) -> time:
    hours, minutes = (reading or DIGEST_AT).split(":")
    return time(int(hours), int(minutes))


def _week(said: Sequence[Mapping[str, Any]]) -> Week:
    week: dict[int, list[Window]] = {}
    for one in said:
        window = Window.of(one["start"], one["end"])
        for day in one.get("days") or range(1, 8):
            week.setdefault(day - 1, []).append(window)
    return week


def quiet_hours_problem(said: Any) -> str:
    """What is wrong with it, in a sentence that says what to do; empty when nothing is."""
    return _windows_problem(said, names={"start", "end", "days"})


def send_windows_problem(said: Any) -> str:
    return _windows_problem(said, names={"start", "end", "days", "channels"})


def frequencies_problem(said: Any) -> str:
    if said is None:
        return ""
    if not isinstance(said, dict) or len(said) > CATEGORIES_MAX:
        return _("Give an object of at most %d categories and how often each may come.") % CATEGORIES_MAX
    for category, often in said.items():
        if not isinstance(category, str) or len(category) > 100:
            return _("A category is named by its key, of at most 100 characters.")
        if not isinstance(often, str) or often not in set(Frequency):
            known = ", ".join(Frequency)
            return _("“%(often)s” is no frequency. Known: %(known)s.") % {"often": often, "known": known}
    return ""


def digest_at_problem(said: Any) -> str:
    if said == "" or (isinstance(said, str) and re.match(READING, said)):
        return ""
    return _("Give the time of the day as 09:00.")


def _windows_problem(said: Any, *, names: set[str]) -> str:
    if said is None:
        return ""
    if not isinstance(said, list) or len(said) > WINDOWS_MAX:
        return _("Give a list of at most %d windows.") % WINDOWS_MAX
    for number, one in enumerate(said, start=1):
        if problem := _window_problem(one, names):
            return _("Window %(number)d: %(problem)s") % {"number": number, "problem": problem}
    return ""


def _window_problem(one: Any, names: set[str]) -> str:
    if not isinstance(one, dict) or not {"start", "end"} <= set(one) <= names:
        return _("has “start” and “end”, and may have %s; nothing else.") % ", ".join(sorted(names - {"start", "end"}))
    start, end, days, channels = one["start"], one["end"], one.get("days", [1]), one.get("channels", ["x"])
    if not (isinstance(start, str) and re.match(READING, start)):
        return _("“start” is a time from 00:00 to 23:59.")
    if not (isinstance(end, str) and re.match(END_READING, end)):
        return _("“end” is a time from 00:00 to 24:00.")
    if since_midnight(start) == since_midnight(end):
        return _("it ends when it starts. For a whole day say 00:00 to 24:00.")
    if not (isinstance(days, list) and days and all(type(day) is int and 1 <= day <= 7 for day in days)):
        return _("“days” is a list of weekdays from 1 (Monday) to 7; leave it out for every day.")
    if len(set(days)) < len(days):
        return _("“days” names a day twice.")
    if not (isinstance(channels, list) and channels and all(isinstance(kind, str) for kind in channels)):
        return _("“channels” is a list of channels; leave it out for all of them.")
    return ""
