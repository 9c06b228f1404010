"""Whose turn it is: tenants with due work, each reached by an index probe however much another has waiting."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import connection

WINDOW = 256
"""If no more than this is due, all of it is seen at once."""

TO_EXPAND = "expand_at IS NOT NULL"
NOT_CLOSED = "NOT closed"
"""The conditions under which runs and windows wait, as the indexes have them."""


def due_tenants(table: str, due: str, *, now: datetime, condition: str = "true") -> list[int]:
    """The tenants with a row due in `table`, ascending. Skips from tenant to tenant along an index on
    (tenant_id, `due`) under `condition`, so that it costs two probes a tenant and not a look at every row."""
    walk, those = skipping("tenants", table, due, condition)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE {walk} SELECT id FROM {those} ORDER BY id", [connection.ops.adapt_datetimefield_value(now)]
        )
        return [row[0] for row in cursor.fetchall()]


def skipping(name: str, table: str, due: str, condition: str) -> tuple[str, str]:
    """SQL for that: a recursive table by this name, and a condition on it, with the time as its one parameter."""
    walk = (
        f"{name}(id) AS (SELECT min(tenant_id) FROM {table} WHERE {condition} UNION ALL"
        f" SELECT (SELECT min(r.tenant_id) FROM {table} r WHERE r.tenant_id > {name}.id AND {condition})"
        f" FROM {name} WHERE {name}.id IS NOT NULL)"
    )
    has = f"SELECT 1 FROM {table} r WHERE r.tenant_id = {name}.id AND {condition} AND r.{due} <= %s"
    return walk, f"{name} WHERE id IS NOT NULL AND EXISTS ({has})"


def in_turn_after(tenants: Iterable[int], after: int) -> list[int]:
    """Ascending, from the one behind `after`, and round."""
    return sorted(tenants, key=lambda tenant: (tenant <= after, tenant))


def in_turn(rows: list[tuple[int, int]]) -> list[int]:
    """The ids of (tenant, id) rows: every tenant's first, then every tenant's second, and so on; else as they came."""
    turns: dict[int, int] = {}
    ranked = []
    for place, (tenant, row) in enumerate(rows):
        turn = turns.get(tenant, 0)
        turns[tenant] = turn + 1
        ranked.append((turn, place, row))
    return [row for _, _, row in sorted(ranked)]
