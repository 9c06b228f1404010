"""What people chose, given to others: to the copies that play in a simulation."""

from __future__ import annotations

from collections.abc import Mapping

from .models import Choice


def copy_choices(twins: Mapping[int, int], *, of_tenant: int, to_tenant: int) -> None:
    """Each person's choices for their twin in another tenant, by recipient id. Two queries."""
    chosen = Choice.objects.filter(tenant=of_tenant, recipient__in=list(twins))
    rows = chosen.values_list("recipient", "kind", "category", "workflow", "wanted")
    Choice.objects.bulk_create(
        Choice(
            tenant_id=to_tenant,
            recipient_id=twins[person],
            kind=kind,
            category=category,
            workflow=workflow,
            wanted=wanted,
        )
        for person, kind, category, workflow, wanted in rows
    )
