"""Acknowledging: a person says of a run that they have it in hand. Whoever waits for that goes on, or is let go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from notifications.kernel import doorbell
from notifications.kernel.clock import Clock, db_now
from notifications.models import Recipient, Tenant

from .acts import record
from .engine_bell import BELL, QUEUE
from .hearing import ACKNOWLEDGED
from .models import Act, Run
from .refusals import NotTold, UnknownRun
from .runs import is_told


@dataclass(frozen=True)
class Acknowledged:
    """`by` is the external id of who was the first to acknowledge this run, and `at` when; `first` says that this was
    that."""

    transaction_id: str
    by: str
    at: datetime
    first: bool

    def to_json(self) -> dict[str, Any]:
        return dict(self.__dict__)


def acknowledge(transaction_id: str, *, tenant: Tenant, recipient: Recipient, clock: Clock = db_now) -> Acknowledged:
    """Say that this person has it in hand. Once this commits, no further level of an escalation of the run is told.

    Again changes nothing. Raises UnknownRun, and NotTold when the run is not for this person.
    """
    with transaction.atomic():
        run = Run.objects.filter(tenant=tenant, transaction_id=transaction_id).select_for_update(of=("self",)).first()
        if run is None:
            raise UnknownRun(f"There is no run {transaction_id!r}.")
        if not is_told(run, recipient.pk):
            raise NotTold(f"The run {transaction_id!r} is not for {recipient.external_id!r}.")
        fresh = record([run], recipient=recipient.pk, kind=ACKNOWLEDGED, now=clock())
        acts = Act.objects.filter(run=run, kind=ACKNOWLEDGED).order_by("at", "pk")
        first = acts.values_list("recipient_id", "at")[0]
        name = Recipient.objects.filter(tenant=tenant, pk=first[0]).values_list("external_id", flat=True).first()
        doorbell.ring(BELL, queue=QUEUE)
    return Acknowledged(transaction_id, name or "", first[1], bool(fresh) and first[0] == recipient.pk)
