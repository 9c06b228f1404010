"""The only place that turns people into what a channel needs to reach them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .models import Recipient

PROFILE = ("external_id", "name", "email", "phone", "locale", "zone", "role", "attributes")


@dataclass(frozen=True)
class Reached:
    """Who of a set can be told. `profiles` has the plain data of each, keyed by recipient id, when it was asked for."""

    ids: frozenset[int]
    profiles: dict[int, dict[str, Any]] = field(default_factory=dict)


def reach_many(recipients: Sequence[int], *, tenant_id: int, profiles: bool = False) -> Reached:
    """The active ones among these people of one tenant, in one query, with their profiles if wanted."""
    people = Recipient.objects.filter(tenant_id=tenant_id, active=True, pk__in=recipients)
    if not profiles:
        return Reached(frozenset(people.values_list("pk", flat=True)))
    found = {row[0]: dict(zip(("id", *PROFILE), row, strict=True)) for row in people.values_list("pk", *PROFILE)}
    return Reached(frozenset(found), found)
