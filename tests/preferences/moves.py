"""The few moves that tests of preferences share."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from notifications.models import Recipient
from preferences.models import Choice, Habits, TenantChoice

from .precedence_table import WIDTHS, Case

NOON = datetime(2026, 1, 14, 12, tzinfo=UTC)
"""A Wednesday."""

NIGHT = {"start": "22:00", "end": "07:00"}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def said_of(person: Recipient, case: Case) -> None:
    """Write what a row of the table says, for this person and their tenant."""
    tenant = person.tenant
    Choice.objects.bulk_create(
        Choice(tenant=tenant, recipient=person, wanted=wanted, **WIDTHS[width]) for width, wanted in case.me.items()
    )
    words: list[tuple[Mapping[str, bool], bool]] = [(case.we, False), (case.locked, True)]
    TenantChoice.objects.bulk_create(
        TenantChoice(tenant=tenant, wanted=wanted, locked=locked, **WIDTHS[width])
        for said, locked in words
        for width, wanted in said.items()
    )


def habits(person: Recipient, **given: Any) -> Habits:
    return Habits.objects.update_or_create(tenant=person.tenant, recipient=person, defaults=given)[0]
