"""Runs whose recipients are to be resolved: which ones a worker takes together, locked."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from notifications.kernel import rowset
from notifications.models import Recipient, Tenant

from .models import Awaited, Run, Silence
from .step import RunFacts
from .tenant_facts import NAMES
from .turns import TO_EXPAND, skipping

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


@dataclass(frozen=True)
class Around:
    """What stands around a run, read along with it: the tenant as a scene has it, whether it may have silences, whether
    anybody waits for the workflow's runs as for an event, and whether the run was cancelled or acted upon."""

    tenant: Mapping[str, Any]
    may_be_silenced: bool
    awaited: bool
    touched: bool


def claim_runs(tenant: int | None, now: datetime) -> tuple[list[Due], Around | None]:
    """Runs of this tenant, or of the first that has any, locked: the longest due one, and of its definition up to 999
    others if all are new. What stands around it is told of one that is alone."""
    first = _first(tenant, now)
    if len(first) < 2 or first[0][0].cursor:  # mostly there is one
        return [run for run, _ in first[:1]], first[0][1] if first else None
    tenant = first[0][0].tenant_id
    due = Run.objects.across_tenants().filter(tenant=tenant, expand_at__lte=now)
    rows = due.order_by("expand_at", "pk").values_list("pk", "definition_id", "cursor", "payload_bytes")[:AT_ONCE]
    groups: dict[tuple[str, int], list[int]] = {}
    weights = Counter[tuple[str, int]]()
    for pk, definition, cursor, weight in rows:
        group = (definition, pk if cursor else 0)
        weights[group] += weight
        if weights[group] <= PAYLOADS_MAX or group not in groups:
            groups.setdefault(group, []).append(pk)
    found = (locked(due.filter(pk__in=group)) for group in groups.values())
    return next(filter(None, found), []), None


def locked(runs: QuerySet[Run]) -> list[Due]:
    """Those of these that nobody else holds, the longest due first."""
    if connection.features.has_select_for_update_skip_locked:
        runs = runs.select_for_update(skip_locked=True, no_key=True, of=("self",))
    return [Due(*row) for row in runs.order_by("expand_at", "pk").values_list(*Due._fields)]


def _first(tenant: int | None, now: datetime) -> list[tuple[Due, Around]]:
    """The longest due and the next, locked. By hand: the ORM takes longer to write this query than PostgreSQL to answer
    it, and somebody waits."""
    at = connection.ops.adapt_datetimefield_value(now)
    walk, whose, of_whom = "", "%s", list[Any]([tenant])
    if tenant is None:
        tenants, those = skipping("tenants", _RUN, "expand_at", TO_EXPAND)
        walk, whose, of_whom = f"WITH RECURSIVE {tenants}", f"(SELECT id FROM {those} ORDER BY id LIMIT 1)", [at]
    silences = f"SELECT 1 FROM {_SILENCE} s WHERE s.tenant_id = r.tenant_id AND s.expired_at IS NULL"
    waits = f"SELECT 1 FROM {_AWAITED} w WHERE w.tenant_id = r.tenant_id AND w.event = r.workflow AND w.until > %s"
    locking = "FOR NO KEY UPDATE OF r SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"{walk} SELECT {', '.join(f't.{name}' for name in NAMES)},"
            f" EXISTS ({silences} AND (s.ends_at IS NULL OR s.ends_at > %s)), EXISTS ({waits}),"
            " r.cancelled_at IS NOT NULL OR r.acts > 0,"
            " r.id, r.public_id, r.tenant_id, r.definition_id, r.audience, r.payload_bytes, r.cursor, r.people,"
            " r.status, r.transaction_id, r.payload, r.start_at, a.name, r.target"
            f" FROM {_RUN} r JOIN {_TENANT} t ON t.id = r.tenant_id LEFT JOIN {_RECIPIENT} a ON a.id = r.actor_id"
            f" WHERE r.tenant_id = {whose} AND r.expand_at <= %s ORDER BY r.expand_at, r.id LIMIT 2 {locking}",
            [at, at, *of_whom, at],
        )
        rows = cursor.fetchall()
    return [(_due(*row[7:]), Around(dict(zip(NAMES, row, strict=False)), *map(bool, row[4:7]))) for row in rows]


def _due(pk: int, public_id: Any, tenant_id: int, definition: str, audience: str, *rest: Any) -> Due:
    """As the database hands a row over in a plain statement."""
    weight, cursor, people, status, name, payload, start_at, actor, target = rest
    return Due(
        pk=pk,
        public_id=rowset.uuid_of(public_id),
        tenant_id=tenant_id,
        definition_id=definition,
        audience=json.loads(audience),
        payload_bytes=weight,
        cursor=cursor,
        people=people,
        status=status,
        transaction_id=name,
        payload=json.loads(payload),
        start_at=rowset.moment(start_at),
        actor__name=actor,
        target=target,
    )


_RUN, _TENANT, _RECIPIENT, _SILENCE, _AWAITED = (
    model._meta.db_table for model in (Run, Tenant, Recipient, Silence, Awaited)
)
