"""Whose turn it is: tenants with due work, each reached by an index probe however much another has waiting."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db import connection

from .models import Run

WINDOW = 256
"""If no more than this is due, all of it is seen at once."""

NEWEST = 8
"""So many of the newest runs say who is about."""

ABOUT = timedelta(seconds=1)
"""For how long after they triggered something somebody counts as being about."""

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


def others(but: Collection[int], *, now: datetime) -> tuple[list[int], bool]:
    """Of all but these tenants: those with a run to be resolved, ascending, and whether any triggered one just now. One
    statement, of two index probes a tenant and a look at the end of an index."""
    table = Run._meta.db_table
    walk, those = skipping("tenants", table, "expand_at", TO_EXPAND)
    newest = f"SELECT tenant_id, created_at FROM {table} ORDER BY id DESC LIMIT {NEWEST}"
    at = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE {walk} SELECT 'due', id FROM {those}"
            f" UNION ALL SELECT 'about', tenant_id FROM ({newest}) AS newest WHERE created_at > %s",
            [at(now), at(now - ABOUT)],
        )
        found = [(what, tenant) for what, tenant in cursor.fetchall() if tenant not in but]
    return sorted(tenant for what, tenant in found if what == "due"), bool(found)


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
