"""Runs whose recipients are to be resolved: which ones a worker takes together, locked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from .models import Run
from .step import RunFacts

AT_ONCE = 1_000
"""Small runs claimed together."""

PAYLOADS_MAX = 2 * 1024 * 1024
"""Bytes of payload that share a chunk: a worker holds them all at once."""


class Due(NamedTuple):
    """What is needed of a run to resolve its recipients, and for the step that follows. A thousand of these cost a
    tenth of a thousand models."""

    pk: int
    public_id: UUID
    tenant_id: int
    definition_id: str
    audience: Mapping[str, Any]
    payload_bytes: int
    cursor: int
    people: int
    status: str
    transaction_id: str
    payload: Any
    start_at: datetime
    actor__name: str | None
    target: str

    @property
    def without(self) -> int | None:
        """Whom to leave out."""
        found: int | None = self.audience.get("without")
        return found

    @property
    def facts(self) -> RunFacts:
        actor = self.actor__name or ""
        return RunFacts(
            self.pk, self.public_id, self.transaction_id, self.payload, actor, self.start_at, target=self.target
        )


def claim_runs(tenant: int, now: datetime) -> list[Due]:
    """Runs of this tenant, locked: the longest due one, and of its definition up to 999 others if all are new."""
    due = Run.objects.across_tenants().filter(tenant=tenant, expand_at__lte=now)
    first = locked(due, most=2)
    if len(first) < 2 or first[0].cursor:  # mostly there is one
        return first[:1]
    rows = due.order_by("expand_at", "pk").values_list("pk", "definition_id", "cursor", "payload_bytes")[:AT_ONCE]
    groups: dict[tuple[str, int], list[int]] = {}
    weights = Counter[tuple[str, int]]()
    for pk, definition, cursor, weight in rows:
        group = (definition, pk if cursor else 0)
        weights[group] += weight
        if weights[group] <= PAYLOADS_MAX or group not in groups:
            groups.setdefault(group, []).append(pk)
    found = (locked(due.filter(pk__in=group)) for group in groups.values())
    return next(filter(None, found), [])


def locked(runs: QuerySet[Run], *, most: int | None = None) -> list[Due]:
    """The longest due of these that nobody else holds, in that order."""
    if connection.features.has_select_for_update_skip_locked:
        runs = runs.select_for_update(skip_locked=True, no_key=True, of=("self",))
    return [Due(*row) for row in runs.order_by("expand_at", "pk").values_list(*Due._fields)[:most]]
