"""Reports of Amazon SES on mail that left by its server, told through SNS.

Both of its shapes, of event publishing and of notifications, are read:
https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html. Which delivery one is about is
known by the `Message-ID` that we wrote, where SES is told to send the original headers along.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from ..models import Channel, Delivery, Event
from . import bounces, sns
from .event import Heard, Reply, Scheme, Told

_EVENTS = {
    "Send": Event.SENT,
    "Delivery": Event.DELIVERED,
    "Bounce": Event.BOUNCED,
    "Complaint": Event.COMPLAINED,
    "Reject": Event.FAILED,
    "Rendering Failure": Event.FAILED,
}
_LISTS = {"Bounce": "bouncedRecipients", "Complaint": "complainedRecipients", "Delivery": "recipients"}
MOMENT = 60_000
_OURS = re.compile(r"<([0-9a-f]{32})@[^>]*>")


class BySns(Scheme):
    def __init__(self, fetch: sns.Fetch = sns.asked) -> None:
        self._fetch = fetch

    def read(self, heard: Heard, channel: Channel, delivery: Delivery | None) -> Reply:
        topic = str(channel.secrets.get("webhook", ""))
        said = sns.checked(heard.body, topic=topic, now=heard.now, fetch=self._fetch)
        if said["Type"] == "SubscriptionConfirmation":
            sns.confirm(said, fetch=self._fetch)
        if said["Type"] != "Notification":
            return Reply()
        try:
            return Reply(list(_told(json.loads(said.get("Message", "")), said.get("MessageId", ""), channel)))
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
            return Reply()  # signed and not understood: to be told once more would not help


def _told(one: Mapping[str, Any], key: str, channel: Channel) -> Iterator[Told]:
    name = str(one.get("eventType") or one.get("notificationType"))
    event, about = _EVENTS.get(name), one.get(name.lower(), {})
    if event is None:
        return
    if event is Event.COMPLAINED and about.get("complaintFeedbackType") in bounces.NO_COMPLAINT:
        return
    delivery = _delivery(one["mail"], channel)
    for receiver in about.get(_LISTS.get(name, ""), one["mail"].get("destination", [])):
        known = receiver if isinstance(receiver, Mapping) else {"emailAddress": receiver}
        address = str(known["emailAddress"])
        meant = Event.FAILED if event is Event.BOUNCED and not _is_hard(about, known) else event
        yield Told(
            meant,
            key=f"{key} {address}",
            delivery=delivery,
            address=address,
            provider_id=str(one["mail"].get("messageId", "")),
            detail=str(known.get("diagnosticCode") or about.get("bounceSubType") or about.get("reason") or name),
            suppress=meant in {Event.BOUNCED, Event.COMPLAINED},
        )


def _is_hard(about: Mapping[str, Any], receiver: Mapping[str, Any]) -> bool:
    """Whether this receiver of a bounce does not exist. To be on a list of the account's own is no new bounce."""
    if about.get("bounceType") != "Permanent" or about.get("bounceSubType") == "OnAccountSuppressionList":
        return False
    return bounces.is_about_address(receiver.get("diagnosticCode"), receiver.get("status")) is not False


def _delivery(mail: Mapping[str, Any], channel: Channel) -> UUID | None:
    """The one that was sent first under the id that our mail bore: both ids are of one moment, which has an index."""
    for field in mail.get("headers", []):
        if field.get("name", "").lower() == "message-id" and (match := _OURS.fullmatch(field.get("value", ""))):
            stable = UUID(match[1])
            near = {"public_id__gte": _moved(stable, -MOMENT), "public_id__lte": _moved(stable, MOMENT)}
            mine = Delivery.objects.filter(tenant=channel.tenant_id, channel=channel.pk, stable_id=stable, **near)
            return mine.values_list("public_id", flat=True).first()
    return None


def _moved(one: UUID, milliseconds: int) -> UUID:
    """A UUIDv7 of an earlier or later time."""
    return UUID(int=min(max(one.int + (milliseconds << 80), 0), 2**128 - 1))
