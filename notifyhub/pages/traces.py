"""What a run sent out of the building, a line each: to whom, how far it is, why, and where it can be seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from channels_delivery.following import Origin, Track, tally, tracks
from notifications.models import Recipient, Tenant
from workflows.models import Run
from workflows.reasons import STATES, failure_in_words, kind_in_words

from .wording import ICONS

SHOWN = 100


@dataclass(frozen=True)
class Trace:
    """A delivery on the page. `retry_at` is when it is tried again, `ended_at` when it came to its end; `link` leads to
    the very mail or request."""

    icon: str
    kind: str
    to: str
    address: str
    tone: str
    label: str
    why: str
    retry_at: datetime | None
    ended_at: datetime | None
    link: str


@dataclass(frozen=True)
class Outside:
    """How far everything is that a run sent out: numbers of deliveries by state, and of tries."""

    by_state: Mapping[str, tuple[int, int]]

    @property
    def deliveries(self) -> int:
        return sum(n for n, _ in self.by_state.values())

    @property
    def is_settled(self) -> bool:
        return not {"pending", "sending"} & set(self.by_state)

    def to_json(self) -> dict[str, Any]:
        return {state: list(numbers) for state, numbers in sorted(self.by_state.items())}


def outside(run: Run) -> Outside:
    return Outside(tally(run.public_id, tenant_id=run.tenant_id))


def traces(run: Run, tenant: Tenant) -> list[Trace]:
    """The first hundred, oldest first."""
    found = tracks(run.public_id, tenant_id=tenant.pk, limit=SHOWN)
    named = {one.recipient for one in found if one.recipient}
    people = {one.pk: str(one) for one in Recipient.reachable.filter(tenant=tenant, pk__in=named)}
    links = _links(found, tenant)
    return [_trace(one, people, links.get(one.stable_id, "")) for one in found]


def run_of(origin: Origin | None) -> UUID | None:
    """The run that a message came from, if it was one."""
    if origin is None or origin.origin is None:
        return None
    return origin.origin if Run.objects.filter(tenant=origin.tenant_id, public_id=origin.origin).exists() else None


def _trace(one: Track, people: Mapping[int, str], link: str) -> Trace:
    tone, label = _how_far(one)
    return Trace(
        icon=ICONS.get(one.kind, "external"),
        kind=kind_in_words(one.kind),
        to=people.get(one.recipient or 0) or one.channel or one.address,
        address=one.address,
        tone=tone,
        label=label,
        why=_why(one),
        retry_at=one.due_at if one.state == "pending" and one.attempts else None,
        ended_at=one.finished_at,
        link=link,
    )


def _how_far(one: Track) -> tuple[str, str]:
    match one.state:
        case "pending":
            return ("warning", _("Tried again")) if one.attempts else ("info", _("Waiting"))
        case "sending":
            return "info", _("Sending")
        case "delivered":
            return "success", _("Delivered")
        case "accepted":
            return "success", _("Accepted")
        case "cancelled":
            return "muted", _("Cancelled")
        case "expired":
            return "muted", _("Expired")
        case _:
            return "error", _("Failed")


def _why(one: Track) -> str:
    """Why it was sent, and why it is no further."""
    sent = (
        _("Sent because they can be reached there and did not turn it off.")
        if one.recipient
        else _("Sent because “%(channel)s” listens to this workflow.") % {"channel": one.channel}
        if one.channel
        else ""
    )
    return " ".join(part for part in (sent, _what_happened(one)) if part)


def _what_happened(one: Track) -> str:
    match one.state:
        case "pending" if one.attempts:
            said = ngettext("%(n)d try failed: %(why)s", "%(n)d tries failed: %(why)s", one.attempts)
            return said % {"n": one.attempts, "why": failure_in_words(one.code, one.detail)}
        case "failed" | "dead":
            return failure_in_words(one.cause, one.detail)
        case "delivered" | "accepted" if one.attempts > 1:
            return _("It took %(n)d tries.") % {"n": one.attempts}
        case "cancelled":
            return _("The run was cancelled before it left.")
        case "expired":
            return str(STATES["expired"])
        case _:
            return ""


def _links(found: Sequence[Track], tenant: Tenant) -> dict[UUID, str]:
    """Where each can be seen, as far as this process keeps what it sends."""
    if not settings.NOTIFYHUB_KEEPS_WHAT_IT_SENDS or not found:
        return {}
    from . import catcher, chats, mailbox, pushes

    mails = mailbox.by_delivery(tenant)
    links = {one: reverse("mail", args=[mail.id]) for one, mail in mails.items()}
    for one, caught in catcher.by_delivery(tenant).items():
        links[one] = reverse("caught", args=[tenant.slug, caught.id])
    for one, posted in chats.by_delivery(tenant).items():
        links[one] = f"{reverse('chats', args=[tenant.slug])}#posted-{posted.id}"
    for one, pushed in pushes.by_delivery(tenant).items():
        links[one] = f"{reverse('pushes', args=[tenant.slug])}#push-{pushed.id}"
    return links
