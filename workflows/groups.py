"""The members of small groups (topics with all that lies in them, roles, followers), read once for many runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from django.db import connection

from notifications import topics as nested
from notifications.kernel import rowset
from notifications.models import Attention, Recipient, Stance, Subscription

from .audience import Audience

K = TypeVar("K")


class Groups(NamedTuple):
    """The members of small groups: by topic, with those of what lies in it, by role, and by the object followed."""

    topics: dict[int, list[int]]
    roles: dict[str, list[int]]
    followers: dict[str, list[int]]


def small_groups(audiences: Iterable[Audience], *, tenant_id: int, most: int) -> Groups:
    """The members of every group that these audiences name and that has at most `most` of them.

    For many small runs at once: six queries at most, however many runs name them.
    """
    audiences = list(audiences)
    inside = nested.below({topic for audience in audiences for topic in audience.topics})
    direct = _followers(sorted({topic for some in inside.values() for topic in some}), most + 1)
    topics = {root: sorted({one for topic in some for one in direct[topic]}) for root, some in inside.items()}
    roles: dict[str, list[int]] = {}
    members = Recipient.objects.filter(tenant_id=tenant_id, active=True)
    for role in {role for audience in audiences for role in audience.roles}:
        roles[role] = list(members.filter(role=role).values_list("pk", flat=True)[: most + 1])
    followers = _attentive(sorted({one.followers for one in audiences if one.followers}), tenant_id, most + 1)
    return Groups(_small(topics, most), _small(roles, most), _small(followers, most))


def _small(groups: dict[K, list[int]], most: int) -> dict[K, list[int]]:
    return {name: found for name, found in groups.items() if len(found) <= most}


def _followers(topics: list[int], limit: int) -> dict[int, list[int]]:
    """The first followers of each topic."""
    return _first(topics, limit, table=Subscription._meta.db_table, column="topic_id", kind="bigint")


def _attentive(targets: list[str], tenant_id: int, limit: int) -> dict[str, list[int]]:
    """The first followers of each object."""
    mine, values = " AND m.tenant_id = %s AND m.stance = %s", [tenant_id, Stance.FOLLOW.value]
    return _first(
        targets, limit, table=Attention._meta.db_table, column="target", kind="text", mine=mine, values=values
    )


def _first(
    names: list[K], limit: int, *, table: str, column: str, kind: str, mine: str = "", values: Sequence[Any] = ()
) -> dict[K, list[int]]:
    """The first active members `m` of each group, in one query: rows of `table` whose `column` is the group's name and
    for which `mine` holds."""
    found: dict[K, list[int]] = {name: [] for name in names}
    if not names:
        return found
    source, parameters = rowset.table(connection, "t", {"name": (kind, names)})
    members = f"{table} m JOIN {Recipient._meta.db_table} r ON r.id = m.recipient_id AND r.active"
    theirs = f"m.{column} = t.name{mine}"
    if connection.vendor == "postgresql":
        some = f"SELECT m.recipient_id FROM {members} WHERE {theirs} LIMIT {limit:d}"
        query = f"SELECT t.name, f.recipient_id FROM {source}, LATERAL ({some}) f"
    else:
        turn = f"row_number() OVER (PARTITION BY m.{column}) AS turn"
        ranked = f"SELECT t.name, m.recipient_id, {turn} FROM {source} JOIN {members} WHERE {theirs}"
        query = f"SELECT name, recipient_id FROM ({ranked}) r WHERE turn <= {limit:d}"
    with connection.cursor() as cursor:
        cursor.execute(query, [*parameters, *values])
        for name, recipient in cursor.fetchall():
            found[name].append(recipient)
    return found
