"""When: what a person's hours make of a message that they want. Pure: times, zone and moment come in.

Snooze, quiet hours, digest frequency and send windows are asked in turn, again from where each of them ends, until none
of them objects; so the answer is the first moment that suits them all. Nothing is held for longer than eight days.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from notifications.kernel import local_time

from .times import Frequency, Times
from .verdict import Rule

LONGEST = timedelta(days=8)
"""Longer than this nothing is held; then it is sent, whatever the hour."""


@dataclass(frozen=True)
class Moment:
    """Until when it is held, and the first rule that objected."""

    until: datetime
    rule: Rule


def held_until(
    times: Times,
    *,
    zone: ZoneInfo,
    snooze_until: datetime | None,
    kind: str,
    category: str,
    now: datetime,
    since: datetime,
) -> Moment | None:
    """Until when a message that has waited since then is held; None when it may go now."""
    limit = since + LONGEST
    if now >= limit:
        return None
    rules: list[tuple[Rule, Callable[[datetime], datetime | None]]] = [
        (Rule.SNOOZE, lambda _: snooze_until),
        (Rule.QUIET_HOURS, lambda at: quiet_until(times, zone=zone, at=at)),
        (Rule.DIGEST, lambda _: next_digest(times, category, zone=zone, since=since)),
        (Rule.SEND_WINDOW, lambda at: window_opens(times, kind, zone=zone, at=at)),
    ]
    at, first = now, None
    while at < limit:
        objection = next(((rule, until) for rule, ask in rules if (until := ask(at)) and until > at), None)
        if objection is None:
            break
        first, at = first or objection[0], objection[1]
    return Moment(min(at, limit), first) if first else None


def silenced(times: Times, *, zone: ZoneInfo, snooze_until: datetime | None, now: datetime) -> Rule | None:
    """The rule by which what cannot wait, such as a toast, is not shown now."""
    if snooze_until is not None and snooze_until > now:
        return Rule.SNOOZE
    return Rule.QUIET_HOURS if quiet_until(times, zone=zone, at=now) else None


def quiet_until(times: Times, *, zone: ZoneInfo, at: datetime) -> datetime | None:
    """When the quiet hours that it is in are over, those that touch taken together; None outside of them."""
    return local_time.covered_until(times.quiet, zone=zone, at=at, longest=LONGEST) if times.quiet else None


def next_digest(times: Times, category: str, *, zone: ZoneInfo, since: datetime) -> datetime | None:
    """When what came `since` is told, by how often its category may come; None for at once."""
    match times.frequency(category):
        case Frequency.AT_ONCE:
            return None
        case Frequency.HOURLY:
            return local_time.next_hour(zone=zone, after=since)
        case Frequency.DAILY:
            return local_time.next_time([times.digest_at], zone=zone, after=since)
        case Frequency.WEEKLY:
            return local_time.next_time([times.digest_at], zone=zone, after=since, days={times.digest_day})


def window_opens(times: Times, kind: str, *, zone: ZoneInfo, at: datetime) -> datetime | None:
    """When the next of the send windows opens: `at` itself within one, or where there is none."""
    opens = at
    for week in times.windows.weeks(kind):
        opens = max(opens, local_time.next_within(week, zone=zone, at=opens) or opens)
    return opens
