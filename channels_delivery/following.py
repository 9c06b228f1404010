"""Following deliveries: what became of each, for pages that show it. Reads; never writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, Sum

from notifications.kernel import rowset

from .composing import title_of
from .models import Attempt, Channel, Delivery, Message
from .suppression import kept_unsent


@dataclass(frozen=True)
class Track:
    """A delivery as far as it is. `channel` is the name of the tenant's way out, "" where it goes by the site's own.

    `detail` is what the receiver or the network said at the latest try that ended. `again`: it was sent once more.
    """

    stable_id: UUID
    kind: str
    address: str
    recipient: int | None
    channel: str
    state: str
    wait_reason: str
    code: str
    detail: str
    attempts: int
    due_at: datetime
    created_at: datetime
    finished_at: datetime | None
    step: str
    title: str = ""
    again: bool = False

    @property
    def cause(self) -> str:
        """Why it failed: its code, or `suppressed` where no receiver said so, but the list."""
        return "suppressed" if kept_unsent(self.code, self.detail) else self.code

    @property
    def is_open(self) -> bool:
        return self.state in {"pending", "sending"}


@dataclass(frozen=True)
class Origin:
    """Where a message came from: the run that `origin` names, if it was one, and the workflow."""

    tenant_id: int
    origin: UUID | None
    workflow: str


def tracks(origin: UUID, *, tenant_id: int, limit: int = 100) -> list[Track]:
    """What `origin` put into the outbox, oldest first, without replays. Three queries."""
    first = Delivery.objects.filter(tenant=tenant_id, origin=origin, replay_of__isnull=True)
    return _tracks(list(first.order_by("pk")[:limit]), tenant_id)


def tracks_of(recipient: int, *, origin: UUID, tenant_id: int, limit: int = 100) -> list[Track]:
    """What `origin` sent to this person, oldest first, with titles and with what was sent again. Five queries,
    which cost the same for an origin of one delivery and of a hundred thousand."""
    mine = Delivery.objects.filter(tenant=tenant_id, pk__in=_ids_of(recipient, origin, limit))
    found = list(mine.order_by("pk"))
    said = Message.objects.filter(tenant=tenant_id, pk__in={one.message_id for one in found}, emptied_at__isnull=True)
    titles = {pk: title_of(kind, parts) for pk, kind, parts in said.values_list("pk", "kind", "parts")}
    return _tracks(found, tenant_id, titles)


def _ids_of(recipient: int, origin: UUID, limit: int) -> list[int]:
    """By the index that tells deliveries apart, which has the steps before the people: from step to step, and in each
    to this person, so that it reads nobody else's."""
    table = f'"{Delivery._meta.db_table}"'
    named = rowset.uuid_text(connection, origin)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE steps(step) AS (SELECT min(origin_step) FROM {table} WHERE origin = %s"
            f" UNION ALL SELECT (SELECT min(d.origin_step) FROM {table} d"
            " WHERE d.origin = %s AND d.origin_step > s.step)"
            f" FROM steps s WHERE s.step IS NOT NULL) SELECT d.id FROM steps s JOIN {table} d ON d.origin = %s"
            " AND d.origin_step = s.step AND coalesce(d.recipient_id, 0) = %s ORDER BY d.id LIMIT %s",
            [named, named, named, recipient, limit],
        )
        return [row[0] for row in cursor.fetchall()]


def _tracks(found: Sequence[Delivery], tenant_id: int, titles: Mapping[int, str] = MappingProxyType({})) -> list[Track]:
    said = _said(one.pk for one in found)
    named = {one.channel_id for one in found if one.channel_id}
    channels = dict(Channel.objects.filter(tenant=tenant_id, pk__in=named).values_list("pk", "name"))
    return [
        Track(
            one.stable_id,
            one.kind,
            one.address,
            one.recipient_id,
            channels.get(one.channel_id or 0, ""),
            one.state,
            one.wait_reason,
            one.code,
            said.get(one.pk, ""),
            one.attempt,
            one.due_at,
            one.created_at,
            one.finished_at,
            one.origin_step,
            titles.get(one.message_id, ""),
            one.replay_of_id is not None,
        )
        for one in found
    ]


def tally(origin: UUID, *, tenant_id: int) -> dict[str, tuple[int, int]]:
    """How many deliveries of `origin` are in each state, replays left out, and how many tries they took together."""
    first = Delivery.objects.filter(tenant=tenant_id, origin=origin, replay_of__isnull=True)
    counted = first.order_by("state").values_list("state").annotate(Count("pk"), Sum("attempt"))
    return {state: (deliveries, attempts) for state, deliveries, attempts in counted}


def origins(stable_ids: Iterable[UUID], *, tenant_id: int | None) -> dict[UUID, Origin]:
    """Where messages came from, by the id that receivers see; of every tenant where none is named.

    Looks through all deliveries of the tenant: for a site small enough to be looked at message by message.
    """
    mine = Q() if tenant_id is None else Q(tenant=tenant_id)
    rows = Delivery.objects.across_tenants().filter(mine, stable_id__in=set(stable_ids))
    named = rows.values_list("stable_id", "tenant_id", "origin", "message__notice_key")
    return {stable: Origin(tenant, origin, workflow) for stable, tenant, origin, workflow in named}


def _said(deliveries: Iterable[int]) -> dict[int, str]:
    ended = Attempt.objects.filter(delivery__in=list(deliveries), finished_at__isnull=False)
    return dict(ended.order_by("delivery_id", "no").values_list("delivery_id", "detail"))
