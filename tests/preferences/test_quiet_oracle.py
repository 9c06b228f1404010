"""Quiet hours against an oracle that goes minute by minute, around the transitions of zones that do it in every way."""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from preferences.times import Times, read_quiet
from preferences.timing import quiet_until
from tests.faults.rig import SEED, rounds

from .oracle import MINUTE, quiet_minutes, readings, transitions

pytestmark = pytest.mark.once

ZONES = (
    "Africa/Cairo", "Africa/Casablanca", "America/Asuncion", "America/Havana", "America/New_York", "America/Nuuk",
    "America/Santiago", "America/Sao_Paulo", "America/St_Johns", "America/Vancouver", "Asia/Beirut", "Asia/Gaza",
    "Asia/Kathmandu", "Asia/Tehran", "Asia/Tokyo", "Atlantic/Azores", "Australia/Eucla", "Australia/Lord_Howe",
    "Europe/Berlin", "Europe/Dublin", "Europe/Lisbon", "Europe/London", "Pacific/Apia", "Pacific/Auckland",
    "Pacific/Chatham", "Pacific/Kiritimati",
)  # fmt: skip
YEAR, YEARS = 2026, range(1990, 2038)
BEFORE, DAYS, ASKED = 3, 6, 60


def windows_of(dice: random.Random) -> list[dict[str, Any]]:
    """A few windows, most with a bound in the small hours, where clocks are moved; some touch or overlap."""
    found: list[dict[str, Any]] = []
    for _ in range(dice.choice([1, 1, 2, 3])):
        start, end = _reading(dice), dice.choice([_reading(dice), "24:00"])
        if found and dice.random() < 0.4:
            start = found[-1]["end"] if found[-1]["end"] != "24:00" else "00:00"
        if start == end:
            continue
        days = {"days": sorted(dice.sample(range(1, 8), dice.randint(1, 6)))} if dice.random() < 0.4 else {}
        found.append({"start": start, "end": end, **days})
    return found or [{"start": "22:00", "end": "07:00"}]


def _reading(dice: random.Random) -> str:
    hour = dice.choice([0, 0, 1, 1, 2, 2, 3, 23, dice.randrange(24)])
    return f"{hour:02}:{dice.choice([0, 0, 15, 30, 45, dice.randrange(60)]):02}"


def _in_june(year: int) -> datetime:
    return datetime(year, 6, 14, 20, tzinfo=UTC)


def mismatches(zone: str, at: datetime, windows: list[dict[str, Any]], dice: random.Random) -> list[str]:
    """Where the two do not agree, in words, of some minutes around this one."""
    begin = at - timedelta(days=BEFORE)
    quiet = quiet_minutes(windows, readings(zone, begin, DAYS))
    times, clock = Times(quiet=read_quiet(json.dumps(windows))), ZoneInfo(zone)
    found = []
    near = [BEFORE * 24 * 60 + dice.randint(-300, 300) for _ in range(ASKED)]
    for minute in [*near, *(dice.randrange(24 * 60, (DAYS - 2) * 24 * 60) for _ in range(ASKED // 4))]:
        over = next((n for n in range(minute, len(quiet)) if not quiet[n]), None)
        now = begin + minute * MINUTE
        if over is None or over > len(quiet) - 26 * 60:
            continue  # it goes on beyond what the oracle has looked at
        expected = begin + over * MINUTE if over > minute else None
        if (told := quiet_until(times, zone=clock, at=now)) != expected:
            found.append(f"{zone} {windows} at {now:%F %R}: {told} instead of {expected}")
    return found


@pytest.mark.faults
@pytest.mark.parametrize("zone", ZONES)
def test_every_minute_is_as_the_oracle_says(zone: str) -> None:
    dice = random.Random(f"{zone} {SEED}")
    moments = [at for year in (YEAR, dice.choice(YEARS)) for at in transitions(zone, year) or [_in_june(year)]]
    sets = rounds(few=3, soak=20)

    wrong = [one for at in moments for _ in range(sets) for one in mismatches(zone, at, windows_of(dice), dice)]

    assert wrong == []


def test_the_zones_move_their_clocks_in_many_ways() -> None:
    """Else the test above would be of less worth than it seems."""
    moved = {zone: transitions(zone, YEAR) for zone in ZONES}

    assert sum(len(found) for found in moved.values()) >= 30
    assert moved["Australia/Lord_Howe"]
    assert not moved["Asia/Tokyo"]
    assert len(ZONES) >= 20
