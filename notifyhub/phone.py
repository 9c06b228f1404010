"""The phone of the embedded mode: an SMS provider that speaks Twilio's API, and the texts that came.

It checks who asks, keeps what came, reports a moment later that it was delivered, and lets people answer STOP: by
signed requests to this site's own callbacks, as a provider would.
"""

from __future__ import annotations

import base64
import hmac
import threading
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import UUID

from channels_delivery.callbacks.twilio import signature
from channels_delivery.outbound.answer import OutboundError
from channels_delivery.outbound.sync import site_client
from channels_delivery.sms.segments import alphabet, segments

from .ring import Ring

MOST, SIZE = 500, 2 * 1024 * 1024
A_MOMENT, DEADLINE = 0.5, 5.0
"""Seconds: until a report, and for one."""

THANKS, REFUSED, WRONG = 201, 401, 400


@dataclass(frozen=True)
class Account:
    """A channel that leads here: what it signs in with, and where it hears of replies."""

    sid: str
    token: str = field(repr=False)
    replies: str = ""


@dataclass(frozen=True)
class Text:
    """One SMS on a phone."""

    id: UUID
    tenant_id: int
    at: datetime
    number: str
    sender: str
    body: str = field(repr=False)
    account: str = ""

    @property
    def segments(self) -> int:
        return segments(self.body)

    @property
    def unicode(self) -> bool:
        return alphabet(self.body) != "gsm"


TEXTS: Ring[Text] = Ring(most=MOST, size=SIZE)


def take(
    fields: Mapping[str, str], authorization: str, account: Account, *, tenant_id: int
) -> tuple[int, dict[str, object]]:
    """Answer a request for a message: a status and what Twilio says with it."""
    wanted = "Basic " + base64.b64encode(f"{account.sid}:{account.token}".encode()).decode()
    if not account.token or not hmac.compare_digest(wanted.encode(), authorization.encode()):
        return REFUSED, {"code": 20003, "message": "Authenticate"}
    number, body = fields.get("To", ""), fields.get("Body", "")
    if not number.startswith("+") or not body:
        return WRONG, {"code": 21211 if body else 21602, "message": "Give To and Body."}
    text = Text(uuid.uuid4(), tenant_id, datetime.now(UTC), number, fields.get("From", ""), body, account.sid)
    TEXTS.put(text, size=len(body) + 200)
    sid = f"SM{text.id.hex}"
    if address := fields.get("StatusCallback", ""):
        said = {"MessageSid": sid, "MessageStatus": "delivered", "To": number}
        timer = threading.Timer(A_MOMENT, tell, (address, said, account))
        timer.daemon = True
        timer.start()
    return THANKS, {"sid": sid, "status": "queued"}


def reply(text: Text, words: str, account: Account) -> bool:
    """Answer a text, as its receiver; whether the site took it."""
    said = {"MessageSid": f"SM{uuid.uuid4().hex}", "From": text.number, "To": text.sender, "Body": words}
    return tell(account.replies, said, account)


def tell(address: str, said: Mapping[str, str], account: Account) -> bool:
    """Post this to the site, signed."""
    form = dict(said)
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-twilio-signature": signature(address, list(form.items()), account.token),
    }
    with suppress(OutboundError):
        answer = site_client().post(address, headers=headers, body=urlencode(form).encode(), deadline=DEADLINE)
        return answer.status < 300
    return False
