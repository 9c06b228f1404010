"""Who speaks to the addresses for callbacks: Twilio, on behalf of a channel for SMS."""

import base64
import hashlib
import hmac
from typing import Any
from urllib.parse import urlencode

from django.test import Client

from channels_delivery.models import Channel, Delivery
from notifications.models import Tenant

SITE, NUMBER, TOKEN = "https://hub.example", "+4915123456789", "the-token-of-the-account"


def texting(tenant: Tenant, **given: Any) -> Channel:
    settings = {"provider": "twilio", "account": "AC1", "from": "+15550100", "countries": ["DE"], "help": "Call <us>."}
    return Channel.objects.create(
        tenant=tenant, kind="sms", name="sms", settings={**settings, **given}, secrets={"token": TOKEN}
    )


def of(row: Channel | Delivery) -> str:
    return f"/callbacks/{'channels' if isinstance(row, Channel) else 'deliveries'}/{row.public_id.hex}/"


def twilio(path: str, *, token: str = TOKEN, signature: str | None = None, **fields: str) -> Any:
    """Signed as Twilio's documentation says it, with nothing of ours."""
    text = SITE + path + "".join(name + fields[name] for name in sorted(fields))
    proper = base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()
    return Client().post(
        path,
        urlencode(fields),
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": proper if signature is None else signature},
    )
