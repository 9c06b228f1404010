"""The front door: may this be sent to these people, on this channel, now?

The order of precedence, first match decides: a critical workflow passes; then the person's own choice, the
narrowest first (workflow and channel, workflow, category and channel, category, channel, everything); then yes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import connection

from notifications.kernel import rowset

from .models import Choice
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
    """The decision for each of these people of one tenant, in a fixed number of queries for any number of them.

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
    queries as for one."""
    return [_decide(subject, recipients, tenant_id) for subject in subjects]


def _decide(subject: Subject, recipients: Sequence[int], tenant_id: int) -> dict[int, Decision]:
    if subject.critical:
        return dict.fromkeys(recipients, Send(Why(Rule.CRITICAL)))
    decided: dict[int, Decision] = dict.fromkeys(recipients, SEND)
    widest_first = sorted(_choices(subject, recipients, tenant_id), key=_narrowness)
    for person, workflow, category, kind, wanted in widest_first:
        why = Why(Rule.CHOICE, Width.of(workflow=workflow, category=category, kind=kind))
        decided[person] = Send(why) if wanted else Skip(_reason(workflow, category, kind), why=why)
    return decided


def _choices(subject: Subject, recipients: Sequence[int], tenant_id: int) -> list[tuple[int, str, str, str, bool]]:
    """The choices of these people that speak of this subject."""
    chosen, parameters = rowset.any_of(connection, "recipient_id", recipients)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT recipient_id, workflow, category, kind, wanted FROM {Choice._meta.db_table}"
            f" WHERE {chosen} AND tenant_id = %s"
            " AND kind IN ('', %s) AND category IN ('', %s) AND workflow IN ('', %s)",
            [*parameters, tenant_id, subject.kind, subject.category, subject.workflow],
        )
        return list(cursor.fetchall())


def _narrowness(row: tuple[int, str, str, str, bool]) -> tuple[bool, bool, bool]:
    _, workflow, category, kind, _wanted = row
    return bool(workflow), bool(category), bool(kind)


def _reason(workflow: str, category: str, kind: str) -> str:
    width = "workflow" if workflow else "category" if category else "channel" if kind else "everything"
    return f"off_by_{width}"
