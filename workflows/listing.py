"""All workflows of a tenant in one list: its own, and the static ones that it shares with everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from notifications.models import Tenant

from . import registry
from .define import Workflow as Static
from .definition import Body, load_many
from .design import Design
from .models import Workflow, WorkflowStatus

STATIC, DYNAMIC = "static", "dynamic"
UNREADABLE = "The version in force cannot be read by this release."


@dataclass(frozen=True)
class Listed:
    """`in_force`: the hash of its published version. `changed`: the draft says something else than what is in force.
    `overridden`: the tenant has one of this key in force that comes before this static one."""

    key: str
    origin: str
    status: str
    design: Design
    in_force: str = ""
    changed: bool = False
    overridden: bool = False
    problems: Sequence[str] = ()
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def place(self) -> str:
        """Where the next page goes on."""
        return _place(self.key, self.origin)


def workflows_of(
    tenant: Tenant, *, after: str = "", limit: int | None = None, origin: str = "", status: str = ""
) -> list[Listed]:
    """By key, from the first one behind the place `after`. Three queries, whatever their number."""
    own = Workflow.objects.filter(tenant=tenant).values_list("key", "pk", "status", "published_id")
    mine = {key: (pk, state, published) for key, pk, state, published in own}
    found = [(key, DYNAMIC, state) for key, (_, state, _) in mine.items()]
    found += [(one.key, STATIC, WorkflowStatus.PUBLISHED) for one in registry.all_workflows()]
    wanted = sorted(
        one for one in found if _place(*one[:2]) > after and origin in ("", one[1]) and status in ("", one[2])
    )
    page = wanted[:limit]
    chosen = [mine[key][0] for key, kind, _ in page if kind == DYNAMIC]
    rows = {row.key: row for row in Workflow.objects.filter(tenant=tenant, pk__in=chosen)}
    bodies = load_many([row.published_id for row in rows.values() if row.published_id])
    overridden = {key for key, (_, _, published) in mine.items() if published}
    return [
        of_row(rows[key], bodies) if kind == DYNAMIC else _of_static(key, overridden)
        for key, kind, _ in page
        if kind == STATIC or key in rows
    ]


def static_workflows() -> list[Listed]:
    """Those that every tenant has."""
    return [_of_static(one.key, ()) for one in registry.all_workflows()]


def find(tenant: Tenant, key: str) -> Listed | None:
    """The tenant's own of this key before the static one."""
    row = Workflow.objects.filter(tenant=tenant, key=key).first()
    if row is not None:
        return of_row(row, load_many([row.published_id] if row.published_id else []))
    return _of_static(key, ()) if registry.get(key) else None


def of_row(row: Workflow, bodies: Mapping[str, Body]) -> Listed:
    """`bodies` has its published version, unless that cannot be read."""
    design, published = Design.of(row), row.published_id or ""
    return Listed(
        key=row.key,
        origin=DYNAMIC,
        status=row.status,
        design=design,
        in_force=published,
        changed=bool(published) and design.body(row.key).hash() != published,
        problems=(UNREADABLE,) if published and published not in bodies else (),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _of_static(key: str, overridden: Any) -> Listed:
    one = registry.get(key)
    assert isinstance(one, Static)
    return Listed(
        key=key,
        origin=STATIC,
        status=WorkflowStatus.PUBLISHED.value,
        design=Design.of_body(one.body, tags=()),
        in_force=one.hash,
        overridden=key in overridden,
    )


def _place(key: str, origin: str) -> str:
    return f"{key} {origin}"
