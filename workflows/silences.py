"""The front door to silences and inhibitions: they are begun, ended before time, and changed by ending and beginning.

    create(tenant, Hush("Maintenance", Matcher(workflows=["device.*"]), reason="New switches", ends_at=monday))

In force for every step that is planned after the commit. What was sent before, or stands in the outbox, is not
recalled; what was not sent is not made up for.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from notifications.models import Tenant

from .hush import Calendar, Hush, checked
from .matching import Matcher, WhileActive
from .models import Silence
from .refusals import NotNow

logger = logging.getLogger(__name__)

OPEN_MAX = 500
"""Of one tenant at a time, ended ones aside: each send looks at all of them."""


class State(StrEnum):
    """`resting`: between two windows of its calendar."""

    PENDING = "pending"
    ACTIVE = "active"
    RESTING = "resting"
    ENDED = "ended"


@dataclass(frozen=True)
class InForce:
    """One whose time is now."""

    id: int
    hush: Hush


def create(tenant: Tenant, hush: Hush, *, now: datetime, by: str = "") -> Silence:
    """Begin it at its start, or now. Its owner is whoever begins it, unless one is named. Raises Invalid, and NotNow
    when the tenant has too many."""
    hush = checked(hush, now=now)
    if open_ones(tenant.pk, now=now).count() >= OPEN_MAX:
        raise NotNow(_("There are %(n)d already; end some of them first.") % {"n": OPEN_MAX}, code="too_many")
    return _written(tenant, hush, now=now, by=by)


def expire(silence: Silence, *, now: datetime, by: str = "") -> Silence:
    """End it now, or before it began; the row as it is then. Raises NotNow when it is over."""
    mine = open_ones(silence.tenant_id, now=now).filter(pk=silence.pk)
    if not mine.update(expired_at=now, expired_by=by[:200]):
        raise NotNow(_("It is over, and what is over does not change."), code="ended")
    logger.info("silence.expired silence=%s tenant=%s", silence.public_id, silence.tenant_id)
    silence.refresh_from_db()
    return silence


def change(silence: Silence, *, now: datetime, by: str = "", **changes: Any) -> Silence:
    """End it and begin another that says the same but for these changes (fields of `Hush`); the new one. Nothing is
    written if the new one is refused. Raises Invalid, NotNow."""
    with transaction.atomic():
        expire(silence, now=now, by=by)
        hush = replace(hush_of(silence), **changes)
        return _written(silence.tenant, checked(hush, now=now), now=now, by=by, replaces=silence)


def silences_of(tenant: Tenant | int) -> QuerySet[Silence]:
    """All that ever were, the newest first."""
    return Silence.objects.filter(tenant=tenant).order_by("-id")


def find(tenant: Tenant, public_id: UUID) -> Silence | None:
    rows = Silence.objects.filter(tenant=tenant, public_id=public_id)
    return rows.select_related("tenant", "replaces").first()


def open_ones(tenant: int, *, now: datetime) -> QuerySet[Silence]:
    """Those that are not over: in force, resting, or still to begin."""
    return Silence.objects.filter(OPEN, tenant=tenant).exclude(ends_at__lte=now)


OPEN = Q(expired_at__isnull=True)


def in_force(tenant: int, *, now: datetime, zone: str) -> Sequence[InForce]:
    """Those whose time is now, in the order in which they were begun, inhibitions behind silences. One query. `zone` is
    the tenant's."""
    rows = open_ones(tenant, now=now).filter(starts_at__lte=now).order_by("pk")
    found = [InForce(row.pk, hush) for row in rows if (hush := hush_of(row)).is_on(now, zone=zone)]
    return sorted(found, key=lambda one: one.hush.while_active is not None)


def hush_of(silence: Silence) -> Hush:
    """What a row says."""
    calendar, going = silence.calendar, silence.while_active
    return Hush(
        name=silence.name,
        matcher=Matcher(**silence.matcher),
        reason=silence.reason,
        owner=silence.owner,
        starts_at=silence.starts_at,
        ends_at=silence.ends_at,
        calendar=None if calendar is None else Calendar(**calendar),
        while_active=None if going is None else WhileActive(**going),
    )


def state_of(silence: Silence, *, now: datetime) -> State:
    """`silence.tenant` is read for its zone, where there is a calendar."""
    if silence.expired_at is not None or (silence.ends_at is not None and silence.ends_at <= now):
        return State.ENDED
    if silence.starts_at > now:
        return State.PENDING
    calendar = hush_of(silence).calendar
    return State.ACTIVE if calendar is None or calendar.is_on(now, zone=silence.tenant.zone) else State.RESTING


def copy_silences(*, of_tenant: int, to_tenant: int, now: datetime) -> None:
    """What is not over of one tenant, for another: for a simulation."""
    rows = list(open_ones(of_tenant, now=now).order_by("pk"))
    for row in rows:
        row.pk, row.tenant_id, row.replaces_id = None, to_tenant, None
        row.public_id = Silence._meta.get_field("public_id").get_default()
    Silence.objects.bulk_create(rows)


def _written(tenant: Tenant, hush: Hush, *, now: datetime, by: str, replaces: Silence | None = None) -> Silence:
    said = hush.to_json()
    row = Silence(
        tenant=tenant,
        **{name: said[name] for name in ("name", "reason", "matcher", "while_active", "calendar")},
        owner=hush.owner or by[:200],
        starts_at=hush.starts_at or now,
        ends_at=hush.ends_at,
        replaces=replaces,
        created_by=by[:200],
        created_at=now,
    )
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise NotNow(_("Somebody changed it a moment ago; look at what it says now."), code="ended") from error
    logger.info("silence.created silence=%s tenant=%s", row.public_id, tenant.pk)
    return row
