"""When, for many people at once: those with the same settings are reckoned once. Pure: rows come in as they are stored.

A thousand people in thirty zones who sleep from ten to seven are thirty questions, not a thousand.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from notifications.kernel.local_time import zone_of
from notifications.kinds import Kind

from . import times, timing
from .times import Times
from .verdict import Decision, Hold, Rule, Send, Skip, Subject, Why

REASONS = {
    Rule.SNOOZE: "snoozed",
    Rule.QUIET_HOURS: "quiet_hours",
    Rule.DIGEST: "digest_frequency",
    Rule.SEND_WINDOW: "send_window",
}
EXPIRES = {
    Rule.SNOOZE: "expires_in_snooze",
    Rule.QUIET_HOURS: "expires_in_quiet_hours",
    Rule.DIGEST: "expires_before_digest",
    Rule.SEND_WINDOW: "expires_before_send_window",
}
WAITED = Send(Why(Rule.LONGEST_HOLD))


class Row(NamedTuple):
    """The hours of a person, or of a tenant, as stored: JSON as text, None where nothing was said."""

    zone: str | None = None
    quiet_hours: str | None = None
    send_windows: str | None = None
    frequencies: str | None = None
    digest_at: str | None = None
    digest_day: int | None = None
    snooze_until: datetime | None = None


NOTHING_SAID = Row()


def apply(
    decided: Sequence[dict[int, Decision]],
    subjects: Sequence[Subject],
    *,
    rows: Mapping[int, Row],
    tenant: Row,
    kinds: Mapping[str, Kind],
    now: datetime,
    held_since: Mapping[int, datetime],
) -> None:
    """Turn what is to be sent into what is to be held, or skipped where it cannot wait, in place."""
    concerned = [
        (subject, kinds[subject.kind], answers)
        for subject, answers in zip(subjects, decided, strict=True)
        if not subject.critical and is_timed(kinds.get(subject.kind))
    ]
    if not concerned:
        return
    alike: dict[tuple[Row, datetime], list[int]] = defaultdict(list)
    for person in concerned[0][2]:
        alike[rows.get(person, NOTHING_SAID), held_since.get(person, now)].append(person)
    for (row, since), people in alike.items():
        clock = Clock.of(row, tenant, now=now, since=since)
        known: dict[Hashable, Decision | None] = {}
        for subject, kind, answers in concerned:
            likewise = clock.depends_on(subject, kind)
            if likewise not in known:
                known[likewise] = clock.answer(subject, kind)
            if (answer := known[likewise]) is not None:
                answers.update({person: answer for person in people if type(answers[person]) is Send})


def is_timed(kind: Kind | None) -> bool:
    """Whether the hour matters: not for the inbox, which waits quietly by itself, nor for a kind that is gone."""
    return kind is not None and (kind.holdable or kind.interrupts)


@dataclass(frozen=True)
class Clock:
    """Everybody with these settings, at one moment."""

    times: Times
    zone: ZoneInfo
    snooze_until: datetime | None
    now: datetime
    since: datetime

    @classmethod
    def of(cls, row: Row, tenant: Row, *, now: datetime, since: datetime) -> Clock:
        return cls(times_of(row, tenant), zone_of(row.zone or "", tenant.zone or ""), row.snooze_until, now, since)

    def depends_on(self, subject: Subject, kind: Kind) -> Hashable:
        """What these settings make a difference by: subjects and kinds with the same have the same answer."""
        category = subject.category if self.times.frequencies else ""
        channel = subject.kind if self.times.windows.of_channel else ""
        return kind.holdable, category, channel, subject.expires_at

    def answer(self, subject: Subject, kind: Kind) -> Decision | None:
        """What becomes of something wanted; None when it goes now."""
        if not kind.holdable:
            rule = timing.silenced(self.times, zone=self.zone, snooze_until=self.snooze_until, now=self.now)
            return Skip(REASONS[rule], why=Why(rule)) if rule else None
        if self.now >= self.since + timing.LONGEST:
            return WAITED
        moment = timing.held_until(
            self.times,
            zone=self.zone,
            snooze_until=self.snooze_until,
            kind=subject.kind,
            category=subject.category,
            now=self.now,
            since=self.since,
        )
        if moment is None:
            return None
        if subject.expires_at is not None and subject.expires_at <= moment.until:
            return Skip(EXPIRES[moment.rule], why=Why(moment.rule))
        return Hold(moment.until, REASONS[moment.rule], why=Why(moment.rule))


def times_of(row: Row, tenant: Row) -> Times:
    """The person's word, else the tenant's."""
    quiet = tenant.quiet_hours if row.quiet_hours is None else row.quiet_hours
    windows = tenant.send_windows if row.send_windows is None else row.send_windows
    said = [times.read_frequencies(text) for text in (row.frequencies, tenant.frequencies) if text is not None]
    return Times(
        quiet=times.read_quiet(quiet) if quiet else {},
        windows=times.read_send_windows(windows) if windows else times.SendWindows(),
        frequencies=said,
        digest_at=times.read_digest_at(row.digest_at or tenant.digest_at or ""),
        digest_day=(row.digest_day or tenant.digest_day or times.DIGEST_DAY) - 1,
    )
