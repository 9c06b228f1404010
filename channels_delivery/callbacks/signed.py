"""Reports of a provider by HTTP, signed by the Standard Webhooks specification with the channel's `signing` secret:

    {"type": "delivered", "to": "+4915112345678", "id": "the provider's own", "detail": "…"}

`type` is `sent`, `delivered`, `failed`, `bounced` (no such number), `stopped` or `started`. The signature is over the
raw body, the time in it may be five minutes off, and each `webhook-id` counts once.
"""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime
from uuid import UUID

from ..backends.webhook import signed, signing_key
from ..models import Channel, Delivery, Event
from .event import WINDOW, Heard, Reply, Scheme, Told, Untrusted

_EVENTS = {one.value: one for one in Event if one is not Event.COMPLAINED}
_LAST = {Event.BOUNCED, Event.STOPPED}


class Signed(Scheme):
    def read(self, heard: Heard, channel: Channel, delivery: Delivery | None) -> Reply:
        key = _checked(heard, str(channel.secrets.get("signing", "")))
        try:
            said = json.loads(heard.body)
            event = _EVENTS.get(str(said["type"]))
        except (ValueError, KeyError, TypeError, RecursionError):
            return Reply()
        address = delivery.address if delivery else str(said.get("to", ""))
        if event is None or not address:
            return Reply()
        detail = str(said.get("detail", ""))
        told = Told(
            event,
            key=key,
            delivery=UUID(str(delivery.public_id)) if delivery else None,
            address=address,
            provider_id=str(said.get("id", "")),
            detail=f"STOP: {detail}" if event is Event.STOPPED else detail,
            suppress=event in _LAST,
        )
        return Reply([told])


def _checked(heard: Heard, secret: str) -> str:
    """The id of what is signed by this secret, and not stale. Raises Untrusted."""
    key, stamp = heard.headers.get("webhook-id", ""), heard.headers.get("webhook-timestamp", "")
    if not key or not stamp.isascii() or not stamp.isdigit() or len(stamp) > 11:
        raise Untrusted
    if abs(heard.now - datetime.fromtimestamp(int(stamp), UTC)) > WINDOW:
        raise Untrusted
    try:
        own = signed(heard.body, message_id=key, timestamp=int(stamp), keys=[signing_key(secret)])
    except ValueError:
        raise Untrusted from None
    expected = own["webhook-signature"].encode()
    given = heard.headers.get("webhook-signature", "").split(" ")
    if not any(hmac.compare_digest(expected, one.encode()) for one in given):
        raise Untrusted
    return key
