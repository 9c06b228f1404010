"""Whose turn it is: tenants with due work, each reached by an index probe however much another has waiting."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

WINDOW = 256
"""If no more than this is due, all of it is seen at once."""


def due_tenants(table: str, due: str, *, now: datetime, condition: str = "true") -> list[int]:
    """The tenants with a row due in `table`, ascending. Skips from tenant to tenant along an index on
    (tenant_id, `due`) under `condition`, so that it costs two probes a tenant and not a look at every row."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH RECURSIVE tenants(id) AS (
                SELECT min(tenant_id) FROM {table} WHERE {condition}
                UNION ALL
                SELECT (SELECT min(r.tenant_id) FROM {table} r WHERE r.tenant_id > tenants.id AND {condition})
                FROM tenants WHERE tenants.id IS NOT NULL
            )
            SELECT id FROM tenants WHERE id IS NOT NULL
            AND EXISTS (SELECT 1 FROM {table} r WHERE r.tenant_id = tenants.id AND {condition} AND r.{due} <= %s)
            ORDER BY id
            """,
            [connection.ops.adapt_datetimefield_value(now)],
        )
        return [row[0] for row in cursor.fetchall()]


def in_turn(rows: list[tuple[int, int]]) -> list[int]:
    """The ids of (tenant, id) rows: every tenant's first, then every tenant's second, and so on; else as they came."""
    turns: dict[int, int] = {}
    ranked = []
    for place, (tenant, row) in enumerate(rows):
        turn = turns.get(tenant, 0)
        turns[tenant] = turn + 1
        ranked.append((turn, place, row))
    return [row for _, _, row in sorted(ranked)]
