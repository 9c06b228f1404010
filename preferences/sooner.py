"""What is held, sent at once because its person says so: not by a change of what they want, but this once."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from notifications.models import Recipient

from . import holding
from .changing import By
from .models import Change

SENT_NOW = "held_sent_now"
"""How the history calls it."""


def send_now(person: Recipient, *, by: By, now: datetime) -> int:
    """Have everything that is held for them leave with the next release, whatever the hour; how many messages that is.
    What they switched off stays unsent. It is in their history, and in the explanation of each message."""
    with transaction.atomic():
        count = holding.hurry(person.pk, tenant_id=person.tenant_id, now=now)
        if count:
            Change.objects.create(
                tenant_id=person.tenant_id,
                recipient=person,
                at=now,
                by=by.name[:200],
                via=by.via,
                address=by.address,
                said=[{"what": SENT_NOW, "before": count, "after": None}],
            )
    return count
