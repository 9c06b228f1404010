"""What this app keeps of a person: what was sent to them, where, and how it went, and the devices that they added.

The list of suppressed addresses stays, being hashes: who said no is not written to again, also after they were erased.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import CharField, Exists, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat

from notifications.kernel import privacy
from notifications.kernel.privacy import Person, plain, scrub

from . import log
from .confidential import CODE_NOTICE
from .models import ERASED, Attempt, Delivery, Endpoint, Message, Receipt, Suppression

_ADDED = ("public_id", "kind", "label", "address", "created_at", "verified_at", "last_ok_at", "disabled_at")
_SENT = ("public_id", "kind", "address", "state", "code", "created_at", "finished_at", "message__notice_key")


def export(person: Person) -> dict[str, Any]:
    mine = _of(person).order_by("pk")
    tries = Attempt.objects.filter(delivery__in=mine.values("pk")).order_by("pk")
    return {
        "deliveries": [
            *plain(mine.exclude(message__notice_key=CODE_NOTICE), *_SENT, "message__parts", "message__attachments"),
            *plain(mine.filter(message__notice_key=CODE_NOTICE), *_SENT),  # a code is read where it was sent
        ],
        "attempts": plain(tries, "delivery__public_id", "no", "started_at", "finished_at", "result", "code", "detail"),
        "receipts": plain(_told_of(person).order_by("pk"), "delivery__public_id", "event", "detail", "at"),
        "endpoints": plain(_added_by(person).order_by("pk"), *_ADDED),
    }


def erase(person: Person, *, now: datetime) -> dict[str, int]:
    """What waits is cancelled. Deliveries and tries stay for the count, without the address and the answers; words that
    went to nobody else go, and from others their name. Addresses go before answers: whoever writes one down after that
    sees that it is not to be kept."""
    cancelled = log.take_back(_of(person), now=now)
    tries = Attempt.objects.filter(~Q(detail=""), delivery__in=_of(person).values("pk"))
    everywhere: dict[str, Any] = {"tenant": person.tenant_id}
    return {
        "deliveries_cancelled": cancelled.cancelled,
        "deliveries": _of(person)
        .exclude(address__startswith=ERASED)
        .update(address=Concat(Value(ERASED), Cast("pk", CharField())), slots={}),
        "messages": _only_theirs(person).update(parts={}, attachments=[], about="", emptied_at=now),
        "messages_mentioning": scrub(Message.objects.filter(**everywhere), ("parts", "attachments", "about"), person),
        "attempts": tries.update(detail=""),
        "attempts_mentioning": scrub(Attempt.objects.filter(delivery__tenant=person.tenant_id), ("detail",), person),
        "receipts": _told_of(person).exclude(detail="").update(detail=""),
        "receipts_mentioning": scrub(Receipt.objects.filter(**everywhere), ("detail",), person),
        "endpoints": _added_by(person).delete()[0],
        "suppressions_mentioning": scrub(Suppression.objects.filter(**everywhere), ("reason",), person),
    }


def _of(person: Person) -> Any:
    return Delivery.objects.filter(tenant=person.tenant_id, recipient__in=person.ids)


def _told_of(person: Person) -> Any:
    """What providers told of their deliveries."""
    return Receipt.objects.filter(tenant=person.tenant_id, delivery__in=_of(person).values("pk"))


def _added_by(person: Person) -> Any:
    return Endpoint.objects.filter(tenant=person.tenant_id, recipient__in=person.ids)


def _only_theirs(person: Person) -> Any:
    """Full messages that went to nobody else."""
    sent = Delivery.objects.filter(tenant=person.tenant_id, message=OuterRef("pk"))
    others = sent.exclude(recipient__in=person.ids) | sent.filter(recipient__isnull=True)
    full = Message.objects.filter(tenant=person.tenant_id, emptied_at__isnull=True)
    return full.filter(Exists(sent.filter(recipient__in=person.ids)), ~Exists(others))


def join() -> None:
    """Called when the app is ready."""
    privacy.register("channels_delivery", export=export, erase=erase)
