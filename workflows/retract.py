"""Cancelling a run: nothing more is sent, also by the outbox, and what lies in inboxes is taken back."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from channels_delivery import tally
from notifications import inbox
from notifications.kernel import doorbell
from notifications.kernel.clock import Clock, db_now
from notifications.live import watching
from notifications.models import Tenant

from . import audience as audiences
from .addresses import known
from .audience import Audience
from .calling_back import call_back
from .collecting import take_out
from .engine_bell import BELL, QUEUE
from .hearing import CANCELLED
from .models import Act, Chunk, Cohort, Outcome, Run, Status
from .people import People
from .refusals import UnknownRun
from .runs import chunks_of, told_among

logger = logging.getLogger(__name__)

PUT_OFF = timedelta(seconds=60)


@dataclass(frozen=True)
class Cancelled:
    """`cancelled`: people whose walk was stopped before its end, or whose event was taken out of an open digest.
    `too_late`: people who had reached theirs; what lies in their inboxes is withdrawn. Of what was to leave the
    building, held messages among it, `deliveries_cancelled` will not, and `deliveries_too_late` are under way or have
    left. A second cancel says 0 everywhere."""

    transaction_id: str
    cancelled: int
    too_late: int
    deliveries_cancelled: int = 0
    deliveries_too_late: int = 0

    def to_json(self) -> dict[str, Any]:
        return dict(self.__dict__)


def cancel(transaction_id: str, *, tenant: Tenant, clock: Clock = db_now) -> Cancelled:
    """Stop this run. When this returns and the caller's transaction commits, nothing more is sent for it.

    Raises UnknownRun. Cancelling again changes nothing.
    """
    with transaction.atomic():
        run = Run.objects.filter(tenant=tenant, transaction_id=transaction_id).select_for_update(of=("self",)).first()
        if run is None:
            raise UnknownRun(f"There is no run {transaction_id!r}.")
        if run.cancelled_at is not None:
            return Cancelled(transaction_id, 0, 0)
        now = clock()
        before = _cancelled_before(run)
        unresolved, walking = _unresolved(run, before), _people_walking(run, before)
        taken_out = take_out(run)
        stop_waiting(run, now=now)
        called_back = call_back(run, now=now)
        left = tally.left(run.public_id, tenant_id=run.tenant_id)
        run.cancelled_at = run.withdraw_at = now
        run.expand_at = None
        if run.status == Status.PENDING or (run.status == Status.PROCESSING and not walks(run)):
            run.status, run.finished_at = Status.SENT, now  # else whoever holds the last of them finishes it
        run.save(update_fields=["cancelled_at", "withdraw_at", "expand_at", "status", "finished_at"])
        doorbell.ring(BELL, queue=QUEUE)
        watching.changed([run.public_id])
        stopped = walking + len(taken_out)
        late = run.people - stopped - (len(told_among(run, before)) if before else 0)
        return Cancelled(transaction_id, unresolved + stopped, late, called_back, left)


def _unresolved(run: Run, before: Collection[int]) -> int:
    """How many are still to be found, without those who were cancelled `before`."""
    if run.expand_at is None:
        return 0
    without = run.audience.get("without")
    audience, others = known(Audience.from_json(run.audience), tenant_id=run.tenant_id)
    found = others + audiences.count(audience, tenant_id=run.tenant_id, without=without, after=run.cursor)
    return found - len(unresolved_among(run, before)) if before else found


def unresolved_among(run: Run, people: Collection[int]) -> set[int]:
    """Those of these people whom the run would still find."""
    if run.expand_at is None:
        return set()
    audience, _ = known(Audience.from_json(run.audience), tenant_id=run.tenant_id)
    without = run.audience.get("without")
    return audiences.among(audience, sorted(people), tenant_id=run.tenant_id, without=without, after=run.cursor)


def _cancelled_before(run: Run) -> set[int]:
    """For whom this run was cancelled one by one; whether they are of its people or not."""
    acts = Act.objects.filter(run=run, kind=CANCELLED).values_list("recipient_id", flat=True)
    return set(acts) if run.acts else set()


def _people_walking(run: Run, before: Collection[int]) -> int:
    """How many walk, without those who were cancelled `before`, whom their worker lets go."""
    return sum(
        sum(chunk.people[place] not in before for place in walking - chunk.house) for chunk, walking in walking_in(run)
    )


def walks(run: Run) -> bool:
    """Whether anybody does, or the house."""
    return any(walking for _, walking in walking_in(run))


def walking_in(run: Run) -> Iterator[tuple[Chunk, People]]:
    """Who of this run walks, by cohort."""
    chunks = {chunk.pk: (chunk, chunk.people_of(run.pk)) for chunk in chunks_of(run)}
    cohorts = Cohort.objects.across_tenants().filter(chunk__in=chunks, open=True).values_list("chunk_id", "mask")
    for pk, mask in cohorts:
        chunk, mine = chunks[pk]
        yield chunk, People.load(mask) & mine


def stop_waiting(run: Run, *, now: datetime, recipients: Collection[int] | None = None) -> None:
    """Take the run's people, or these of them, out of cohorts that nobody holds. Who is held is stopped by the holder,
    who asks first."""
    chunks = {chunk.pk: chunk for chunk in chunks_of(run)}
    free = Cohort.objects.across_tenants().filter(chunk__in=chunks, open=True, lease_token__isnull=True)
    if connection.features.has_select_for_update_skip_locked:
        free = free.select_for_update(skip_locked=True, of=("self",))
    for cohort in free.order_by("pk"):
        chunk = chunks[cohort.chunk_id]
        mine = cohort.people & chunk.people_of(run.pk)
        if recipients is not None:
            mine = People.of(place for place in mine if chunk.people[place] in recipients)
        if not mine:
            continue
        rest = cohort.people - mine
        Cohort.objects.across_tenants().filter(pk=cohort.pk).update(mask=rest.dump(), open=bool(rest))
        Outcome.objects.create(
            chunk=chunk,
            step=cohort.step,
            round=cohort.round,
            reason=CANCELLED,
            final=True,
            mask=mine.dump(),
            created_at=now,
        )


def withdraw_due(*, now: datetime, tenant: int | None = None) -> bool:
    """Take back the next page of one cancelled run's inbox items, in one transaction. False when none is due that
    nobody else holds. Of one tenant, if it is named."""
    due = Run.objects.within(tenant).filter(withdraw_at__lte=now).order_by("withdraw_at", "pk")
    if not due.values_list("pk")[:1]:  # in order, so that it is read from the index of what is due
        return False
    try:
        with transaction.atomic():
            free = due.defer("payload", "audience")
            if connection.features.has_select_for_update_skip_locked:
                free = free.select_for_update(skip_locked=True, no_key=True, of=("self",))
            run = free.first()
            if run is None:
                return False
            _withdraw_page(run, now)
    except Exception:
        if not connection.is_usable():
            raise
        logger.exception("engine.withdraw_failed")
        due.filter(pk=due.values("pk")[:1]).update(withdraw_at=now + PUT_OFF)
    return True


def _withdraw_page(run: Run, now: datetime) -> None:
    upto = inbox.withdraw_page(run.public_id, after=run.withdrawn_upto)
    mine = Run.objects.across_tenants().filter(pk=run.pk)
    if upto is None:
        mine.update(withdraw_at=None, retracted_at=now)
    else:
        mine.update(withdraw_at=now, withdrawn_upto=upto)  # behind the others
    watching.changed([run.public_id])
