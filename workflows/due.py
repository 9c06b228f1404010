"""One look at everything that the engine may have to do: a statement that costs a few index probes a tenant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from notifications.kernel import rowset

from .models import Cohort, Run, Window
from .turns import NOT_CLOSED, TO_EXPAND, skipping


@dataclass(frozen=True)
class Due:
    """What waits: whether cohorts do, whose runs are to be resolved, whose digests are to be closed, and whether items
    are to be taken back. Tenants are ascending."""

    cohorts: bool = False
    expand: Sequence[int] = ()
    close: Sequence[int] = ()
    withdraw: bool = False

    def __bool__(self) -> bool:
        return bool(self.cohorts or self.expand or self.close or self.withdraw)


def look(*, now: datetime, tenant: int | None = None) -> Due:
    """What is due, nothing locked; of one tenant, if it is named. One statement."""
    at = connection.ops.adapt_datetimefield_value(now)
    to_expand, to_close = ("to_expand", _RUN, "expand_at", TO_EXPAND), ("to_close", _WINDOW, "closes_at", NOT_CLOSED)
    whose, each = list[Any](), list[Any]([at])
    if tenant is None:
        (expand, of_expand), (close, of_close) = skipping(*to_expand), skipping(*to_close)
        walks, of_tenant = f"WITH RECURSIVE {expand}, {close}", ""
    else:
        of_expand, of_close = _of_one(*to_expand), _of_one(*to_close)
        walks, of_tenant, whose, each = "", " AND tenant_id = %s", [tenant], [tenant, tenant, at]
    with connection.cursor() as cursor:
        cursor.execute(
            f"{walks} SELECT 'cohort' AS what, 0 AS tenant"
            f" WHERE EXISTS (SELECT 1 FROM {_COHORT} WHERE open AND wake_at <= %s{of_tenant})"
            f" UNION ALL SELECT 'withdraw', 0 WHERE EXISTS (SELECT 1 FROM {_RUN} WHERE withdraw_at <= %s{of_tenant})"
            f" UNION ALL SELECT 'expand', id FROM {of_expand} UNION ALL SELECT 'close', id FROM {of_close}",
            [at, *whose, at, *whose, *each, *each],
        )
        rows = cursor.fetchall()
    found = {what for what, _ in rows}
    tenants = {kind: sorted(tenant for what, tenant in rows if what == kind) for kind in ("expand", "close")}
    return Due("cohort" in found, tenants["expand"], tenants["close"], "withdraw" in found)


def next_due(*, tenant: int) -> datetime | None:
    """When this tenant's next work is due, or was; None when nothing waits. One statement."""
    waiting = {_COHORT: ("wake_at", "open"), _WINDOW: ("closes_at", NOT_CLOSED), _RUN: ("expand_at", TO_EXPAND)}
    firsts = [
        f"SELECT min({due}) AS at FROM {table} WHERE tenant_id = %s AND {condition}"
        for table, (due, condition) in waiting.items()
    ]
    firsts.append(f"SELECT min(withdraw_at) FROM {_RUN} WHERE tenant_id = %s AND withdraw_at IS NOT NULL")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT min(at) FROM ({' UNION ALL '.join(firsts)}) AS firsts", [tenant] * len(firsts))
        found: datetime | None = rowset.moment(cursor.fetchone()[0])
    return found


def _of_one(name: str, table: str, due: str, condition: str) -> str:
    """What comes behind `FROM`, with the tenant, the tenant and the time as parameters."""
    has = f"SELECT 1 FROM {table} r WHERE r.tenant_id = %s AND {condition} AND r.{due} <= %s"
    return f"(SELECT %s AS id WHERE EXISTS ({has})) AS {name}"


_COHORT, _RUN, _WINDOW = (model._meta.db_table for model in (Cohort, Run, Window))
