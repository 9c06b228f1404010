"""The front door to what became of messages: by where they came from, in sets."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.db.models import Count, QuerySet

from notifications.kernel import rowset

from .models import ENDED_WELL, Delivery, State

LEFT = (State.SENDING, *ENDED_WELL)
"""What cannot be called back: under way, or with the receiver."""


@dataclass(frozen=True)
class Sent:
    """What became of one delivery."""

    kind: str
    state: str
    code: str = ""

    @property
    def counts(self) -> bool:
        """It arrived, or still may."""
        return self.state in (State.PENDING, *LEFT)


def by_state(origin: UUID, *, tenant_id: int) -> Counter[tuple[str, str]]:
    """How many deliveries of this origin stand where, by (kind, state). One query. A delivery that was replayed counts
    as its replay."""
    rows = _current(origin, tenant_id).order_by("kind", "state").values_list("kind", "state")
    return Counter({(kind, state): n for kind, state, n in rows.annotate(n=Count("pk"))})


def left(origin: UUID, *, tenant_id: int, recipients: Sequence[int] | None = None) -> int:
    """How many deliveries of this origin, or those of them to these people, are under way or with their receiver."""
    mine = _of(origin, tenant_id).filter(state__in=LEFT)
    return (mine if recipients is None else mine.filter(recipient__in=recipients)).count()


def of_people(origin: UUID, recipients: Sequence[int], *, tenant_id: int) -> dict[int, list[Sent]]:
    """What became of what this origin sent to these people, the oldest first. One query."""
    mine = _current(origin, tenant_id).filter(recipient__in=recipients).order_by("pk")
    found = defaultdict[int, list[Sent]](list)
    for recipient, *rest in mine.values_list("recipient", "kind", "state", "code"):
        found[recipient].append(Sent(*rest))
    return dict(found)


def of_steps(told: Sequence[tuple[UUID, str, int]], *, tenant_id: int) -> dict[tuple[UUID, str, int], list[Sent]]:
    """What became of what each of these (origin, step, recipient) was sent, the oldest first; recipient 0 stands for
    teams. One statement."""
    if not told:
        return {}
    wanted = set(told)
    origins, steps, people = zip(*wanted, strict=True)
    names = sorted({rowset.uuid_text(connection, origin) for origin in origins})
    among, of_origins = rowset.any_of(connection, "d.origin", names, kind="uuid")
    within, of_steps = rowset.any_of(connection, "d.origin_step", sorted(set(steps)), kind="text")
    table = Delivery._meta.db_table
    found = defaultdict[tuple[UUID, str, int], list[Sent]](list)
    with connection.cursor() as cursor:  # by the range of the people, who come in pages: not by a join with them
        cursor.execute(
            f"SELECT d.origin, d.origin_step, coalesce(d.recipient_id, 0), d.kind, d.state, d.code FROM {table} d"
            f" WHERE {among} AND {within} AND coalesce(d.recipient_id, 0) BETWEEN %s AND %s AND d.tenant_id = %s"
            f" AND NOT EXISTS (SELECT 1 FROM {table} r WHERE r.replay_of_id = d.id) ORDER BY d.id",
            [*of_origins, *of_steps, min(people), max(people), tenant_id],
        )
        for origin, step, person, *rest in cursor.fetchall():
            if (key := (UUID(str(origin)), step, person)) in wanted:
                found[key].append(Sent(*rest))
    return dict(found)


def _of(origin: UUID, tenant_id: int) -> QuerySet[Delivery]:
    return Delivery.objects.filter(tenant=tenant_id, origin=origin)


def _current(origin: UUID, tenant_id: int) -> QuerySet[Delivery]:
    replayed = _of(origin, tenant_id).filter(replay_of__isnull=False).values("replay_of")
    return _of(origin, tenant_id).exclude(pk__in=replayed)
