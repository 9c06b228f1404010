"""When: quiet hours, snooze, digests and send windows of one person, and what each makes of a message."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from notifications.kinds import INBOX, Kind
from preferences.decision import Decision, Hold, Rule, Send, Skip, Subject
from preferences.hours import Clock, Row, apply
from preferences.spread import SPREAD_SECONDS, STEP_SECONDS, release_at

from .moves import NIGHT, NOON, utc

pytestmark = pytest.mark.once
PUSH, TOAST = Kind("push", "Push"), Kind("toast", "Toast", holdable=False)
NEWS = Subject("news.weekly", "news", "push")
WORK = {"start": "09:00", "end": "17:00", "days": [1, 2, 3, 4, 5]}


def row(zone: str = "Europe/Berlin", **said: Any) -> Row:
    return Row(zone, **{name: json.dumps(one) if isinstance(one, list | dict) else one for name, one in said.items()})


def decide(
    said: Row, now: datetime, *, subject: Subject = NEWS, kind: Kind = PUSH, tenant: Row | None = None, **given: Any
) -> Decision:
    clock = Clock.of(said, tenant or row("UTC"), now=now, since=given.get("since", now))
    return clock.answer(subject, kind) or Send()


def held(until: str, reason: str = "quiet_hours") -> Hold:
    return Hold(utc(until), reason)


GO = Send()


QUIET: list[tuple[str, list[dict[str, Any]], str, Decision]] = [
    # Over midnight: half-open, to the second.
    ("Europe/Berlin", [NIGHT], "2026-01-14T21:30", held("2026-01-15T06:00")),
    ("Europe/Berlin", [NIGHT], "2026-01-15T05:59:59", held("2026-01-15T06:00")),
    ("Europe/Berlin", [NIGHT], "2026-01-15T06:00", GO),
    ("Europe/Berlin", [NIGHT], "2026-01-14T20:59:59.999999", GO),
    # An end that is left out is the jump; so is a start, and then it is quiet at once.
    ("America/New_York", [{"start": "22:00", "end": "02:30"}], "2026-03-08T06:30", held("2026-03-08T07:00")),
    ("America/New_York", [{"start": "02:15", "end": "06:00"}], "2026-03-08T07:05", held("2026-03-08T10:00")),
    # What comes twice: an end at the first reading to come again ends the first time; a start takes the first pass.
    ("America/New_York", [{"start": "22:00", "end": "01:00"}], "2026-11-01T05:10", GO),
    ("America/New_York", [{"start": "01:30", "end": "05:00"}], "2026-11-01T05:35", held("2026-11-01T10:00")),
    # A zone of 45 minutes, exactly at the start.
    ("Asia/Kathmandu", [{"start": "21:15", "end": "06:30"}], "2026-05-10T15:30", held("2026-05-11T00:45")),
    # The day is that on which the window begins.
    ("Asia/Tokyo", [{"start": "22:00", "end": "08:00", "days": [1, 2, 3, 4, 5]}], "2026-06-13T13:30", GO),
    (
        "Asia/Tokyo",
        [{"start": "22:00", "end": "08:00", "days": [1, 2, 3, 4, 5]}],
        "2026-06-12T20:00",
        held("2026-06-12T23:00"),
    ),
    # Two whole days in a row are one piece; so is what else touches or overlaps.
    (
        "Europe/London",
        [{"start": "00:00", "end": "24:00", "days": [6, 7]}],
        "2026-07-11T11:00",
        held("2026-07-12T23:00"),
    ),
    (
        "UTC",
        [
            {"start": "20:00", "end": "22:00"},
            {"start": "22:00", "end": "01:00"},
            {"start": "00:30", "end": "06:00"},
        ],
        "2026-01-14T20:30",
        held("2026-01-15T06:00"),
    ),
    # Always quiet is quiet for eight days.
    ("UTC", [{"start": "00:00", "end": "24:00"}], "2026-01-14T20:30", held("2026-01-22T20:30")),
    ("UTC", [], "2026-01-14T20:30", GO),
]
"""Zone, windows, moment, and what becomes of a message then."""


@pytest.mark.parametrize(("zone", "windows", "now", "answer"), QUIET)
def test_quiet_hours(zone: str, windows: list[dict[str, Any]], now: str, answer: Decision) -> None:
    assert decide(row(zone, quiet_hours=windows), utc(now)) == answer


@pytest.mark.parametrize(
    ("said", "now", "answer"),
    [
        ({"news": "hourly"}, "2026-01-14T12:20", held("2026-01-14T13:00", "digest_frequency")),
        ({"news": "daily"}, "2026-01-14T07:00", held("2026-01-14T08:00", "digest_frequency")),
        ({"news": "daily"}, "2026-01-14T08:00", held("2026-01-15T08:00", "digest_frequency")),
        ({"news": "weekly"}, "2026-01-14T12:20", held("2026-01-19T08:00", "digest_frequency")),
        ({"": "daily"}, "2026-01-14T12:20", held("2026-01-15T08:00", "digest_frequency")),
        ({"": "daily", "news": "at_once"}, "2026-01-14T12:20", GO),
        ({"billing": "daily"}, "2026-01-14T12:20", GO),
    ],
)
def test_a_category_comes_as_often_as_it_may(said: dict[str, str], now: str, answer: Decision) -> None:
    assert decide(row(frequencies=said), utc(now)) == answer


def test_a_digest_comes_at_the_persons_own_hour_and_day() -> None:
    said = row(frequencies={"news": "weekly"}, digest_at="18:30", digest_day=5)

    assert decide(said, NOON) == held("2026-01-16T17:30", "digest_frequency")


@pytest.mark.parametrize(
    ("zone", "since", "comes"),
    [
        ("Asia/Kathmandu", "2026-01-14T12:20", "2026-01-14T13:15"),
        ("Europe/Berlin", "2026-10-25T00:30", "2026-10-25T02:00"),  # the hour that comes twice is one
        ("Europe/Berlin", "2026-03-29T00:30", "2026-03-29T01:00"),
        ("Australia/Lord_Howe", "2026-10-03T15:10", "2026-10-03T15:30"),
    ],
)
def test_an_hourly_digest_comes_at_the_full_hour_of_the_clock(zone: str, since: str, comes: str) -> None:
    assert decide(row(zone, frequencies={"": "hourly"}), utc(since)) == held(comes, "digest_frequency")


def test_what_was_collected_for_a_digest_goes_when_its_time_has_come() -> None:
    said, collected = row(frequencies={"news": "daily"}), utc("2026-01-14T07:10")

    assert decide(said, utc("2026-01-14T08:01"), since=collected) == GO


@pytest.mark.parametrize(
    ("kind", "now", "answer"),
    [
        ("push", "2026-01-14T12:00", GO),
        ("push", "2026-01-14T07:00", held("2026-01-14T08:00", "send_window")),
        ("push", "2026-01-16T16:00", held("2026-01-19T08:00", "send_window")),
        ("sms", "2026-01-16T16:00", held("2026-01-19T09:00", "send_window")),
        ("sms", "2026-01-14T08:30", held("2026-01-14T09:00", "send_window")),
    ],
)
def test_send_windows_hold_outside_of_them(kind: str, now: str, answer: Decision) -> None:
    for_sms = {"start": "10:00", "end": "12:00", "channels": ["sms"]}
    said = row(send_windows=[WORK, for_sms])

    assert decide(said, utc(now), subject=Subject("w", "news", kind), kind=Kind(kind, kind)) == answer


def test_the_first_moment_that_suits_every_rule_is_found_and_the_first_objection_named() -> None:
    said = row(
        quiet_hours=[NIGHT],
        send_windows=[{"start": "12:00", "end": "13:00"}],
        frequencies={"news": "daily"},
        digest_at="23:30",
        snooze_until=utc("2026-01-14T14:00"),
    )

    assert decide(said, NOON) == held("2026-01-15T11:00", "snoozed")


def test_rules_that_leave_no_moment_hold_for_eight_days() -> None:
    said = row(quiet_hours=[WORK | {"days": [1, 2, 3, 4, 5, 6, 7]}], send_windows=[{"start": "10:00", "end": "12:00"}])

    assert decide(said, NOON) == held((NOON + timedelta(days=8)).isoformat()[:16])


def test_what_waited_for_eight_days_is_sent_whatever_the_hour() -> None:
    always = row(quiet_hours=[{"start": "00:00", "end": "24:00"}])

    almost = decide(always, NOON, since=NOON - timedelta(days=7, hours=23))
    sent = decide(always, NOON, since=NOON - timedelta(days=8))

    assert almost == Hold(NOON + timedelta(hours=1), "quiet_hours")
    assert (sent, sent.why.rule) == (GO, Rule.LONGEST_HOLD)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"quiet_hours": [NIGHT]}, "expires_in_quiet_hours"),
        ({"snooze_until": utc("2026-01-15T06:00")}, "expires_in_snooze"),
        ({"frequencies": {"": "daily"}}, "expires_before_digest"),
        ({"send_windows": [WORK]}, "expires_before_send_window"),
    ],
)
def test_what_would_be_of_no_use_any_more_is_skipped(said: dict[str, Any], reason: str) -> None:
    now = utc("2026-01-14T23:30")
    short, long = (Subject("w", "news", "push", expires_at=utc(f"2026-01-15T{hour}")) for hour in ("02:00", "12:00"))

    assert decide(row(**said), now, subject=short) == Skip(reason)
    assert isinstance(decide(row(**said), now, subject=long), Hold)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ({"quiet_hours": [NIGHT]}, Skip("quiet_hours")),
        ({"snooze_until": utc("2026-01-15T06:00")}, Skip("snoozed")),
        ({"frequencies": {"": "daily"}}, GO),
        ({"send_windows": [WORK]}, GO),
    ],
)
def test_a_toast_is_skipped_and_never_held(said: dict[str, Any], answer: Decision) -> None:
    assert decide(row(**said), utc("2026-01-14T23:30"), kind=TOAST) == answer


def test_the_tenants_hours_are_for_who_said_nothing_and_its_zone_for_who_has_none() -> None:
    tenant = row("Asia/Tokyo", quiet_hours=[NIGHT], frequencies={"news": "hourly"})
    night = utc("2026-01-14T13:30")

    assert decide(row(""), night, tenant=tenant) == held("2026-01-14T22:00")
    assert decide(row("Mars/Olympus", quiet_hours=[NIGHT]), night, tenant=tenant) == held("2026-01-14T22:00")
    assert decide(row("", quiet_hours=[]), night, tenant=tenant) == held("2026-01-14T14:00", "digest_frequency")
    assert decide(row("", quiet_hours=[], frequencies={"": "at_once"}), night, tenant=tenant) == GO
    assert decide(row("UTC"), utc("2026-01-14T22:30"), tenant=row("")._replace(zone=None)) == GO


def test_people_are_held_each_by_their_own_clock_and_only_what_they_want() -> None:
    rows = {1: row("Europe/Berlin", quiet_hours=[NIGHT]), 2: row("UTC", quiet_hours=[NIGHT]), 3: row("UTC")}
    off = Skip("off_by_channel")
    push: dict[int, Decision] = {1: GO, 2: GO, 3: GO, 4: GO}
    mail: dict[int, Decision] = {1: off, 2: GO, 3: GO, 4: GO}
    inbox: dict[int, Decision] = dict.fromkeys(range(1, 5), GO)
    alarm: dict[int, Decision] = dict.fromkeys(range(1, 5), GO)
    subjects = [NEWS, Subject("w", "", "email"), Subject("w", "", "inbox"), Subject("w", "", "push", critical=True)]
    known = {"push": PUSH, "email": Kind("email", "Mail"), "inbox": INBOX}
    now, morning = utc("2026-01-14T23:00"), held("2026-01-15T07:00")

    apply([push, mail, inbox, alarm], subjects, rows=rows, tenant=row("UTC"), kinds=known, now=now, held_since={})

    assert push == {1: held("2026-01-15T06:00"), 2: morning, 3: GO, 4: GO}
    assert mail == {1: off, 2: morning, 3: GO, 4: GO}
    assert set(inbox.values()) == set(alarm.values()) == {GO}


def test_releases_are_spread_over_two_minutes_and_never_before() -> None:
    until = utc("2026-01-15T06:00")
    spread = [release_at(until, person) - until for person in range(2_000)]

    assert min(spread) >= timedelta(0)
    assert max(spread) <= timedelta(seconds=SPREAD_SECONDS)
    assert len(set(spread)) == SPREAD_SECONDS // STEP_SECONDS + 1
    assert [release_at(until, person) - until for person in range(2_000)] == spread
