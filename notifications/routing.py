"""The only place that turns people into what a channel needs to reach them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from .kernel import rowset
from .models import Recipient

PROFILE = ("external_id", "name", "email", "phone", "locale", "zone", "role", "attributes")


@dataclass(frozen=True)
class Reached:
    """Who of a set can be told. `profiles` has the plain data of each, keyed by recipient id, when it was asked for."""

    ids: frozenset[int]
    profiles: dict[int, dict[str, Any]] = field(default_factory=dict)


def reach_many(recipients: Sequence[int], *, tenant_id: int, profiles: bool = False) -> Reached:
    """The active ones among these people of one tenant, in one query, with their profiles if wanted."""
    columns = ("id", *PROFILE) if profiles else ("id",)
    chosen, parameters = rowset.any_of(connection, "id", recipients)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(columns)} FROM {Recipient._meta.db_table} WHERE {chosen} AND tenant_id = %s AND active",
            [*parameters, tenant_id],
        )
        rows = cursor.fetchall()
    if not profiles:
        return Reached(frozenset(row[0] for row in rows))
    found = {row[0]: dict(zip(columns, row, strict=True)) for row in rows}
    for profile in found.values():
        profile["attributes"] = json.loads(profile["attributes"])
    return Reached(frozenset(found), found)
