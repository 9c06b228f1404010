"""The front door: may this be sent to these people, on this channel, now?

The order of precedence, first match decides: a critical workflow passes; then the person's own choice, the
narrowest first (workflow and channel, workflow, category and channel, category, channel, everything); then yes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from notifications.kernel import rowset

from .models import Choice


@dataclass(frozen=True)
class Subject:
    """What is to be sent: its workflow, category and channel kind."""

    workflow: str
    category: str
    kind: str
    critical: bool = False


@dataclass(frozen=True)
class Send:
    """Go ahead."""


@dataclass(frozen=True)
class Skip:
    """Not to this person; `reason` is a code that explain turns into a sentence."""

    reason: str


Decision = Send | Skip
SEND = Send()


def decide_many(subject: Subject, recipients: Sequence[int], *, tenant_id: int) -> dict[int, Decision]:
    """The decision for each of these people of one tenant, in one query for any number of them."""
    decided: dict[int, Decision] = dict.fromkeys(recipients, SEND)
    if subject.critical:
        return decided
    widest_first = sorted(_choices(subject, recipients, tenant_id), key=_narrowness)
    for person, workflow, category, kind, wanted in widest_first:
        decided[person] = SEND if wanted else Skip(_reason(workflow, category, kind))
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
