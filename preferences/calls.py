"""How people want to be called in an escalation: their policies, read by set."""

from __future__ import annotations

import json
from collections.abc import Sequence

from django.db import connection

from notifications.kernel import rowset

from .models import Habits
from .policies import AT_ONCE, Policy, PolicyName, policy_of

__all__ = ["AT_ONCE", "Policy", "PolicyName", "policies_of"]


def policies_of(recipients: Sequence[int], name: PolicyName, *, tenant_id: int) -> dict[int, Policy]:
    """The policy of that name of those of these people of one tenant who have one. One query."""
    chosen, people = rowset.any_of(connection, "recipient_id", recipients)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT recipient_id, policies FROM {Habits._meta.db_table}"
            f" WHERE {chosen} AND tenant_id = %s AND policies <> '{{}}'",
            [*people, tenant_id],
        )
        rows = cursor.fetchall()
    said = {text: policy_of(json.loads(text), name) for _, text in rows}  # many have the same
    return {person: said[text] for person, text in rows if said[text].after}
