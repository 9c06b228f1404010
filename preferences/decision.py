"""The front door: may this be sent to these people, on this channel, now?

The order of precedence, first match decides: a critical workflow passes; then the person's own choice, the
narrowest first (workflow and channel, workflow, category and channel, category, channel, everything); then yes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

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
class Hold:
    """Not before `until`."""

    until: datetime
    reason: str


@dataclass(frozen=True)
class Skip:
    """Not to this person; `reason` is a code that explain turns into a sentence."""

    reason: str


Decision = Send | Hold | Skip
SEND = Send()


def decide_many(subject: Subject, recipients: Sequence[int], *, tenant_id: int) -> dict[int, Decision]:
    """The decision for each of these people of one tenant, in one query for any number of them."""
    decided: dict[int, Decision] = dict.fromkeys(recipients, SEND)
    if subject.critical:
        return decided
    fitting = Choice.objects.filter(tenant_id=tenant_id, recipient_id__in=recipients).filter(
        Q(kind__in=("", subject.kind)),
        _at_or_empty("category", subject.category),
        _at_or_empty("workflow", subject.workflow),
    )
    widest_first = sorted(
        fitting.values_list("recipient_id", "workflow", "category", "kind", "wanted"), key=_narrowness
    )
    for person, workflow, category, kind, wanted in widest_first:
        decided[person] = SEND if wanted else Skip(_reason(workflow, category, kind))
    return decided


def _at_or_empty(name: str, value: str) -> Q:
    return Q(**{f"{name}__in": ("", value)})


def _narrowness(row: tuple[int, str, str, str, bool]) -> tuple[bool, bool, bool]:
    _, workflow, category, kind, _wanted = row
    return bool(workflow), bool(category), bool(kind)


def _reason(workflow: str, category: str, kind: str) -> str:
    width = "workflow" if workflow else "category" if category else "channel" if kind else "everything"
    return f"off_by_{width}"
