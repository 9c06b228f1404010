"""The delivery log: what left, what did not and why; sending once more, and taking back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from notifications.models import Recipient, Tenant
from notifications.models.base import TenantQuerySet

from . import outbox
from .backends import backends
from .models import ENDED_BADLY, OPEN, Attempt, Channel, Delivery, State
from .refusals import NotNow

Rows = TenantQuerySet[Delivery]

REPLAY_MAX = 1_000
_PAGE = 1_000


@dataclass(frozen=True)
class Filters:
    """Which deliveries; what is empty does not count. `run` is the run's id, `since` and `until` are when it was made
    (for what is to be replayed: when it ended)."""

    states: Sequence[str] = ()
    channel: Channel | None = None
    recipient: Recipient | None = None
    run: UUID | None = None
    kind: str = ""
    workflow: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class TakenBack:
    """`too_late`: what is under way; it ends as what comes of it, and is not tried again."""

    cancelled: int
    too_late: int


def deliveries_of(tenant: Tenant | int, filters: Filters = Filters()) -> Rows:
    """A tenant's deliveries with what a list shows of them, in one query."""
    rows = _chosen(Delivery.objects.filter(tenant=tenant), filters)
    if filters.since:
        rows = rows.filter(created_at__gte=filters.since)
    if filters.until:
        rows = rows.filter(created_at__lt=filters.until)
    return with_names(rows)


def with_names(rows: Rows) -> Rows:
    """Joined with the names that stand beside a delivery, and without what is long or secret."""
    joined = rows.select_related("tenant", "message", "channel", "recipient", "replay_of")
    return joined.defer(
        "slots",
        "message__parts",
        "message__attachments",
        "channel__secrets",
        "channel__settings",
        "channel__workflows",
        "recipient__attributes",
        "replay_of__slots",
    )


def find(tenant: Tenant | int, public_id: UUID) -> Delivery | None:
    """One of this tenant, with its message and the names beside it."""
    rows = Delivery.objects.filter(tenant=tenant, public_id=public_id)
    return rows.select_related("message", "channel", "recipient", "replay_of").defer("channel__secrets").first()


def attempts_of(delivery: Delivery) -> list[Attempt]:
    """Every try, in order."""
    return list(Attempt.objects.filter(delivery_id=delivery.pk).order_by("no"))


def replays_of(delivery: Delivery) -> list[Delivery]:
    """What was made of it by replaying it."""
    return list(Delivery.objects.filter(tenant=delivery.tenant_id, replay_of=delivery.pk).order_by("pk"))


def replay(delivery: Delivery, *, now: datetime) -> Delivery:
    """Send it once more. Raises NotNow with the reason why it cannot be."""
    if reason := why_no_replay(delivery):
        raise reason
    made = outbox.replay([delivery], now=now)
    if not made:  # somebody else was faster
        delivery.refresh_from_db(fields=["state"])
        raise why_no_replay(delivery) or NotNow(_("It cannot be sent again."))
    return made[0]


def why_no_replay(delivery: Delivery) -> NotNow | None:
    """What stands against sending it once more."""
    if delivery.state in OPEN:
        return NotNow(_("It has not ended yet."), code="not_ended")
    if delivery.state not in ENDED_BADLY:
        return NotNow(_("It arrived; once more would be twice."), code="was_delivered")
    if before := replays_of(delivery):
        said = _("It was sent again before, as %(id)s.") % {"id": before[0].public_id}
        return NotNow(said, code="replayed_before")
    if delivery.message.emptied_at is not None:
        return NotNow(_("Its words are not kept any more."), code="words_gone")
    if delivery.kind not in backends():
        return NotNow(_("Nothing on this site sends this kind."), code="unknown_kind")
    if delivery.channel_id is None:
        return None
    channel = Channel.objects.filter(tenant=delivery.tenant_id, pk=delivery.channel_id).defer("secrets").first()
    if channel is None:
        return NotNow(_("Its channel was deleted."), code="channel_gone")
    if channel.paused_at is not None:
        return NotNow(_("Its channel is paused: resume it first."), code="channel_paused")
    return None


def replayable(tenant: Tenant | int, filters: Filters) -> Rows:
    """What may be sent once more: ended badly, not replayed before, words that are kept, and a channel that is there
    and not paused."""
    rows = _chosen(Delivery.objects.filter(tenant=tenant, ended_badly__in=ENDED_BADLY), filters)
    if filters.since:
        rows = rows.filter(finished_at__gte=filters.since)
    if filters.until:
        rows = rows.filter(finished_at__lt=filters.until)
    return _can_leave(rows)


def replay_many(tenant: Tenant, filters: Filters, *, limit: int, now: datetime) -> int:
    """Send the oldest of these once more, at most `limit` and `REPLAY_MAX`; how many. As many statements, however many
    they are, and each lane keeps its rate and cap."""
    chosen = replayable(tenant, filters).order_by("pk")[: min(limit, REPLAY_MAX)]
    return len(outbox.replay(list(chosen), now=now))


def replay_these(rows: Rows, *, now: datetime) -> int:
    """Send those of these once more that may be; how many."""
    return len(outbox.replay(list(_can_leave(rows.filter(state__in=ENDED_BADLY))[:REPLAY_MAX]), now=now))


def cancel(delivery: Delivery, *, now: datetime) -> TakenBack:
    """Take one back. Raises NotNow when it has ended."""
    found = take_back(Delivery.objects.filter(tenant=delivery.tenant_id, pk=delivery.pk), now=now)
    delivery.refresh_from_db(fields=["state", "revoked", "finished_at"])
    if not found.cancelled and not found.too_late:
        said = _("It has ended: %(state)s.") % {"state": delivery.get_state_display()}
        raise NotNow(said, code="has_ended")
    return found


def take_back(rows: Rows, *, now: datetime) -> TakenBack:
    """Take back what is open of these, a thousand at a time and in the order in which everybody locks."""
    cancelled = too_late = last = 0
    with transaction.atomic():
        while True:
            found = rows.filter(state__in=OPEN, pk__gt=last).order_by("pk").select_for_update(of=("self",))
            page = list(found.values_list("pk", "state")[:_PAGE])
            if not page:
                return TakenBack(cancelled, too_late)
            last = page[-1][0]
            held = Delivery.objects.across_tenants().filter(pk__in=[pk for pk, _state in page])
            waiting = held.filter(state=State.PENDING)
            cancelled += waiting.update(state=State.CANCELLED, finished_at=now, revoked=True, wait_reason="")
            too_late += held.filter(state=State.SENDING).update(revoked=True)


def _can_leave(rows: Rows) -> Rows:
    on = Channel.objects.filter(tenant=OuterRef("tenant_id"), pk=OuterRef("channel_id"), paused_at__isnull=True)
    again = Delivery.objects.filter(tenant=OuterRef("tenant_id"), replay_of=OuterRef("pk"))
    rows = rows.filter(~Exists(again), kind__in=backends(), message__emptied_at__isnull=True)
    return rows.filter(Q(channel__isnull=True) | Q(Exists(on)))


def _chosen(rows: Rows, filters: Filters) -> Rows:
    wanted: dict[str, Any] = {
        "channel": filters.channel and filters.channel.pk,
        "recipient": filters.recipient and filters.recipient.pk,
        "origin": filters.run,
        "kind": filters.kind,
        "message__notice_key": filters.workflow,
        # by their index where they have one
        "ended_badly__in" if set(filters.states) <= set(ENDED_BADLY) else "state__in": list(filters.states),
    }
    return rows.filter(**{name: value for name, value in wanted.items() if value})
