"""What people and their tenant said, given to others: to the copies that play in a simulation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from notifications.models import TenantOwned

from .models import Choice, Habits, TenantChoice, TenantHabits

Row = TypeVar("Row", bound=TenantOwned)


def copy_choices(twins: Mapping[int, int], *, of_tenant: int, to_tenant: int) -> None:
    """Each person's choices and hours for their twin in another tenant, by recipient id. Four queries."""
    choices = _renewed(Choice.objects.filter(tenant=of_tenant, recipient__in=list(twins)), to_tenant)
    habits = _renewed(Habits.objects.filter(tenant=of_tenant, recipient__in=list(twins)), to_tenant)
    for choice in choices:
        choice.recipient_id = twins[choice.recipient_id]
    for habit in habits:
        habit.recipient_id = twins[habit.recipient_id]
    Choice.objects.bulk_create(choices)
    Habits.objects.bulk_create(habits)


def copy_tenant(*, of_tenant: int, to_tenant: int) -> None:
    """What a tenant says for all its people. Four queries."""
    TenantChoice.objects.bulk_create(_renewed(TenantChoice.objects.filter(tenant=of_tenant), to_tenant))
    TenantHabits.objects.bulk_create(_renewed(TenantHabits.objects.filter(tenant=of_tenant), to_tenant))


def _renewed(rows: Iterable[Row], tenant: int) -> list[Row]:
    """As new rows of this tenant."""
    found = list(rows)
    for row in found:
        row.pk, row._state.adding, row.tenant_id = None, True, tenant
    return found
