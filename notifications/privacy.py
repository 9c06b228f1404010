"""The front door to what is kept of a person: all of it as JSON, and all of it erased.

Erasing keeps the row, without a word of who it was: counts, outcomes and the record of other people refer to it. Its
external id is then `erased:` and a number, under which erasing may be repeated; it finds nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from .directory import PROFILE, take_out
from .kernel import privacy
from .kernel.privacy import Person, plain, scrub
from .models import (
    Attention,
    InboxItem,
    InboxState,
    Mark,
    Notification,
    Recipient,
    Role,
    SocketTicket,
    Subscription,
    Tenant,
)

GONE = "erased:"
"""How the external id of somebody begins who was erased."""


@dataclass(frozen=True)
class Erased:
    """What was changed or deleted, by name; `recipient` is what they are called from now on."""

    recipient: str
    rows: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        return {"recipient": self.recipient, "rows": dict(self.rows)}


def export(person: Recipient) -> dict[str, Any]:
    """Everything that is kept of this person, as JSON: lists of rows by name."""
    return privacy.export_all(_whole(person))


def erase(person: Recipient, *, now: datetime) -> Erased:
    """Take away what is kept of this person, and take back what is still to be sent to them.

    They are out from a first commit on, so nobody who works meanwhile begins something new for them; the rest is one
    transaction. Suppressed addresses stay, as the hashes that they are. The second time nothing is found.
    """
    take_out(person.tenant, [person.external_id])
    with transaction.atomic():
        mine = Recipient.reachable.filter(tenant=person.tenant_id).select_for_update(of=("self",))
        whole = _whole(mine.get(pk=person.pk))
        list(mine.filter(pk__in=whole.ids).order_by("pk"))
        rows = privacy.erase_all(whole, now=now)
    return Erased(f"{GONE}{person.public_id}", rows)


def find(tenant: Tenant, external_id: str) -> Recipient | None:
    """The person, or the mere address, of this name."""
    return Recipient.reachable.filter(tenant=tenant, external_id=external_id).first()


def _whole(person: Recipient) -> Person:
    """With the rows of mere addresses that are theirs."""
    others = Recipient.reachable.filter(tenant=person.tenant_id, ad_hoc=True, email__iexact=person.email)
    addresses = list(others.values_list("pk", flat=True)) if person.email else []
    named = (person.external_id, person.name, person.email, person.phone)
    names = tuple(name for name in named if name and not name.startswith(GONE))
    return Person(person.tenant_id, tuple(sorted({person.pk, *addresses})), names)


def _export(person: Person) -> dict[str, Any]:
    """What this app has."""
    mine = Recipient.reachable.filter(tenant=person.tenant_id, pk__in=person.ids).order_by("ad_hoc", "pk")
    items = InboxItem.objects.filter(recipient__in=person.ids).order_by("pk")
    topics = Subscription.objects.filter(recipient__in=person.ids).order_by("pk")
    objects = Attention.objects.filter(tenant=person.tenant_id, recipient__in=person.ids).order_by("pk")
    said = ("notification__title", "notification__content", "notification__notice_key", "notification__created_at")
    return {
        "profile": plain(mine, "public_id", "external_id", *PROFILE, "active", "created_at"),
        "inbox": plain(items, "state", "read_at", "thread", *said),
        "topics": plain(topics, "topic__key", "condition", "created_at"),
        "objects": plain(objects, "target", "stance", "created_at"),
    }


def _erase(person: Person, *, now: datetime) -> dict[str, int]:
    """The inbox and the profile; of notices that others have as well, only the name."""
    list(
        InboxState.objects.filter(recipient__in=person.ids).order_by("pk").select_for_update()
    )  # as whoever changes it
    items = InboxItem.objects.filter(recipient__in=person.ids)
    alone = list(_only_theirs(person).values_list("pk", flat=True))
    notices = Notification.objects.filter(tenant=person.tenant_id)
    return {
        "inbox": items.delete()[0],
        "notices": notices.filter(pk__in=alone).delete()[0],
        "notices_mentioning": scrub(notices, ("title", "content", "about"), person),
        "inbox_states": InboxState.objects.filter(recipient__in=person.ids).delete()[0],
        "read_marks": Mark.objects.filter(recipient__in=person.ids).delete()[0],
        "topics": Subscription.objects.filter(recipient__in=person.ids).delete()[0],
        "objects": Attention.objects.filter(tenant=person.tenant_id, recipient__in=person.ids).delete()[0],
        "socket_tickets": _forget_tickets(person),
        "profile": _forget_profile(person),
    }


def _only_theirs(person: Person) -> Any:
    """Notices that nobody else has."""
    items = InboxItem.objects.filter(notification=OuterRef("pk"))
    notices = Notification.objects.filter(tenant=person.tenant_id)
    return notices.filter(
        Exists(items.filter(recipient__in=person.ids)), ~Exists(items.exclude(recipient__in=person.ids))
    )


def _forget_tickets(person: Person) -> int:
    """They live for half a minute, so few are looked at."""
    ids = set(person.ids)
    found = SocketTicket.objects.values_list("pk", "identity")
    mine = [pk for pk, said in found if ids & {one["person"] for one in said["inboxes"]}]
    return SocketTicket.objects.filter(pk__in=mine).delete()[0]


def _forget_profile(person: Person) -> int:
    """Whoever is not yet without a name."""
    rows = Recipient.reachable.filter(~Q(external_id__startswith=GONE), tenant=person.tenant_id, pk__in=person.ids)
    found = list(rows)
    for row in found:
        row.external_id, row.user_id, row.active, row.attributes = f"{GONE}{row.public_id}", None, False, {}
        row.name = row.email = row.phone = row.locale = row.zone = ""
        row.role = "" if row.ad_hoc else Role.MEMBER
    columns = ["external_id", "user", "active", *PROFILE]
    return Recipient.reachable.across_tenants().bulk_update(found, columns)


def join() -> None:
    """Called when the app is ready."""
    privacy.register("notifications", export=_export, erase=_erase)
