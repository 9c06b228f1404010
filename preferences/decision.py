"""The front door: may this be sent to these people, on this channel, now?

Whether is decided first (`precedence.py`): suppressed, no; critical, yes; the tenant's lock; the person's choice; the
tenant's default; the workflow's default; else yes. Then when (`hours.py`, `timing.py`): snooze, quiet hours, digest
frequency, send windows. They hold what can wait, skip what cannot (a toast), and leave the inbox and what is critical
alone. What would expire before it may go is skipped. Every answer says which rule decided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from notifications.kinds import kinds

from . import hours
from .precedence import whether
from .reading import NOTHING_CHOSEN, hours_of, said_about
from .verdict import NOBODY_SAID, SEND, Decision, Hold, Rule, Send, Skip, Subject, Why, Width

__all__ = [
    "NOBODY_SAID",
    "SEND",
    "Decision",
    "Hold",
    "Rule",
    "Send",
    "Skip",
    "Subject",
    "Why",
    "Width",
    "decide_each",
    "decide_many",
]


def decide_many(
    subject: Subject,
    recipients: Sequence[int],
    *,
    tenant_id: int,
    now: datetime,
    held_since: Mapping[int, datetime] | None = None,
) -> dict[int, Decision]:
    """The decision for each of these people of one tenant, in two queries at most for any number of them.

    `held_since`, asked at the end of a hold: since when what is now decided again has been held for each of them.
    Nothing is held for longer than 8 days in all.
    """
    return decide_each([subject], recipients, tenant_id=tenant_id, now=now, held_since=held_since)[0]


def decide_each(
    subjects: Sequence[Subject],
    recipients: Sequence[int],
    *,
    tenant_id: int,
    now: datetime,
    held_since: Mapping[int, datetime] | None = None,
) -> list[dict[int, Decision]]:
    """The same for several subjects, such as the channels of a workflow: a dict for each, in their order, in as many
    queries as for one: none for what is critical, one for what no hour concerns."""
    if not recipients or not subjects:
        return [{} for _ in subjects]
    said = NOTHING_CHOSEN
    if not all(subject.critical for subject in subjects):
        said = said_about(subjects, recipients, tenant_id=tenant_id)
    decided = whether(subjects, recipients, choices=said.choices, of_tenant=said.of_tenant)
    known = kinds()
    timed = [subject for subject in subjects if not subject.critical and hours.is_timed(known.get(subject.kind))]
    if timed:
        rows, tenant = hours_of(recipients, tenant_id=tenant_id)
        hours.apply(decided, subjects, rows=rows, tenant=tenant, kinds=known, now=now, held_since=held_since or {})
    return decided
