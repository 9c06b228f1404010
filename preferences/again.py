"""Deciding again about single messages that have waited, each for its own time: at the end of a hold, and right before
something that stood in the outbox leaves.

`decision.decide_many` answers for people to whom the same is told. What has waited is of all kinds and ages, so here
each row is a question of its own; what is alike in them is reckoned once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from notifications.kinds import Kind, kinds

from . import hours
from .hours import EXPIRES, Clock, Row
from .precedence import whether
from .reading import NOTHING_CHOSEN, hours_of, said_about
from .times import Frequency
from .timing import LONGEST
from .verdict import Decision, Hold, Send, Skip, Subject

__all__ = ["Asked", "decide_again"]


class Asked(NamedTuple):
    """One message for one person. `since` is when it was first held. `collected`: it has been through what a digest
    frequency asks for, and that is not asked again."""

    recipient: int
    subject: Subject
    since: datetime
    collected: bool = False


def decide_again(asked: Sequence[Asked], *, tenant_id: int, now: datetime) -> list[Decision]:
    """The decision for each of these of one tenant, in their order, in two statements at most. What is past its time,
    or will be when it may go, is skipped. Nothing is held for longer than 8 days in all."""
    if not asked:
        return []
    people = sorted({one.recipient for one in asked})
    subjects = list({_timeless(one.subject): None for one in asked})
    critical = all(subject.critical for subject in subjects)
    said = NOTHING_CHOSEN if critical else said_about(subjects, people, tenant_id=tenant_id)
    answers = whether(subjects, people, choices=said.choices, of_tenant=said.of_tenant)
    by_subject = dict(zip(subjects, answers, strict=True))
    rows, tenant = ({}, hours.NOTHING_SAID) if critical else hours_of(people, tenant_id=tenant_id)
    times = _Times(rows, tenant, now)
    return [_decided(one, by_subject[_timeless(one.subject)][one.recipient], times) for one in asked]


def _timeless(subject: Subject) -> Subject:
    """Those that differ in nothing but their time are asked about together."""
    return replace(subject, expires_at=None)


def _decided(asked: Asked, decision: Decision, times: _Times) -> Decision:
    subject = asked.subject
    if not isinstance(decision, Send):
        return decision
    if subject.expires_at is not None and subject.expires_at <= times.now:
        return Skip("expired")
    when = None if subject.critical else times.answer(asked)
    if isinstance(when, Hold) and subject.expires_at is not None and subject.expires_at <= when.until:
        return Skip(EXPIRES[when.why.rule], why=when.why)
    return when or decision


class _Times:
    """When, for each row; those with the same hours, kind and category are reckoned once where their age does not
    matter."""

    def __init__(self, rows: Mapping[int, Row], tenant: Row, now: datetime) -> None:
        self.now = now
        self._rows, self._tenant, self._kinds = rows, tenant, kinds()
        self._clocks: dict[Row, Clock] = {}
        self._answers: dict[tuple[Row, str, str, datetime, bool], Decision | None] = {}

    def answer(self, asked: Asked) -> Decision | None:
        """What becomes of something wanted; None when it goes now."""
        kind = self._kinds.get(asked.subject.kind)
        if kind is None or not hours.is_timed(kind):
            return None
        row = self._rows.get(asked.recipient, hours.NOTHING_SAID)
        clock = self._clocks.get(row) or self._clocks.setdefault(row, self._clock(row))
        waits = not asked.collected and clock.times.frequency(asked.subject.category) is not Frequency.AT_ONCE
        if waits or self.now >= asked.since + LONGEST:
            return self._reckoned(asked, kind, row)
        return _capped(self._reckoned(asked._replace(since=self.now), kind, row), asked.since)

    def _clock(self, row: Row) -> Clock:
        return Clock.of(row, self._tenant, now=self.now, since=self.now)

    def _reckoned(self, asked: Asked, kind: Kind, row: Row) -> Decision | None:
        name = row, kind.key, asked.subject.category, asked.since, asked.collected
        if name not in self._answers:
            clock = self._clocks[row]
            times = replace(clock.times, frequencies=()) if asked.collected else clock.times
            mine = replace(clock, times=times, since=asked.since)
            self._answers[name] = mine.answer(_timeless(asked.subject), kind)
        return self._answers[name]


def _capped(decision: Decision | None, since: datetime) -> Decision | None:
    if isinstance(decision, Hold):
        return replace(decision, until=min(decision.until, since + LONGEST))
    return decision
