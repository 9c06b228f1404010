"""Cancelling a run for some of its people. The others are told as if nothing had happened."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F

from channels_delivery import tally
from notifications import inbox
from notifications.kernel import doorbell
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant

from .calling_back import call_back
from .collecting import take_out
from .engine_bell import BELL, QUEUE
from .finish import finish_if_done
from .hearing import CANCELLED
from .models import Act, Run
from .refusals import UnknownRun
from .retract import Cancelled, stop_waiting, unresolved_among, walking_in
from .runs import told_among


def cancel_for(transaction_id: str, *, tenant: Tenant, recipients: Sequence[Recipient]) -> Cancelled:
    """Stop this run for these people, at most 1,000. When this returns and the caller's transaction commits, nothing
    more of it is sent to them, also if they are resolved later, or called in.

    The numbers are theirs; of who was never to be told, and of who was cancelled before, 0. Raises UnknownRun.
    """
    with transaction.atomic():
        run = Run.objects.filter(tenant=tenant, transaction_id=transaction_id).select_for_update(of=("self",)).first()
        if run is None:
            raise UnknownRun(f"There is no run {transaction_id!r}.")
        now, asked = db_now(), sorted({person.pk for person in recipients})
        before = set(Act.objects.filter(run=run, kind=CANCELLED).values_list("recipient_id", flat=True))
        fresh = [person for person in asked if person not in before]
        if run.cancelled_at is not None or not fresh:
            return Cancelled(transaction_id, 0, 0)
        Act.objects.bulk_create(Act(run=run, recipient_id=person, kind=CANCELLED, at=now) for person in fresh)
        Run.objects.filter(tenant=tenant, pk=run.pk).update(acts=F("acts") + len(fresh))
        stopped = unresolved_among(run, fresh) | _walking(run, set(fresh)) | take_out(run, recipients=fresh)
        late = told_among(run, fresh) - stopped
        stop_waiting(run, now=now, recipients=set(fresh))
        called_back = call_back(run, now=now, recipients=fresh)
        left = tally.left(run.public_id, tenant_id=run.tenant_id, recipients=fresh)
        inbox.withdraw(run.public_id, fresh)
        finish_if_done(run.pk, now=now)
        doorbell.ring(BELL, queue=QUEUE)
        return Cancelled(transaction_id, len(stopped), len(late), called_back, left)


def _walking(run: Run, people: set[int]) -> set[int]:
    found = ({chunk.people[place] for place in walking} for chunk, walking in walking_in(run))
    return people & set[int]().union(*found)
