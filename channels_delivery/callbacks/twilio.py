"""Twilio's reports and replies (https://www.twilio.com/docs/usage/security#validating-requests).

They are signed by the channel's token, over the address as it was dialled and the sorted fields of the form. There is
no time in it: what was heard once is known by the message's id and state, and counts no second time. What is answered
is counted against the channel's limits.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qsl
from uuid import UUID
from xml.sax.saxutils import escape

from django.db import transaction

from ..models import Channel, Delivery, Event
from ..outcome import Permanent
from ..sms import limits
from ..spending import Charge, spend
from ..suppression import suppressed_among
from .event import Heard, Reply, Scheme, Told, Untrusted

STOP = {"STOP", "STOPALL", "STOPP", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "ARRET"}
START = {"START", "UNSTOP", "YES"}
HELP = {"HELP", "INFO", "HILFE", "AIDE"}
NOBODY = {"21211", "21614", "30005", "30006"}
"""The number is none, or none that takes texts."""

STOPPED = "21610"
ANSWERED = timedelta(days=30)
"""In each of these windows one HELP is answered once, however often it is told."""

_STATES = {"sent": Event.SENT, "delivered": Event.DELIVERED, "failed": Event.FAILED, "undelivered": Event.FAILED}


class Twilio(Scheme):
    def read(self, heard: Heard, channel: Channel, delivery: Delivery | None) -> Reply:
        form = _form(heard.body)
        if not _signed(heard, form, str(channel.secrets.get("token", ""))):
            raise Untrusted
        said = dict(form)
        if said.get("MessageStatus") or said.get("SmsStatus", "received") != "received":
            return Reply(_report(said, delivery))
        return _reply(said, channel, heard.now)


def signature(url: str, form: list[tuple[str, str]], token: str) -> str:
    """The signature of these fields, posted to this address."""
    text = url + "".join(name + value for name, value in sorted(set(form)))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def _form(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=200)
    except ValueError as error:
        raise Untrusted from error


def _signed(heard: Heard, form: list[tuple[str, str]], token: str) -> bool:
    expected = signature(heard.url, form, token)
    given = heard.headers.get("x-twilio-signature", "")
    return bool(token) and hmac.compare_digest(expected.encode(), given.encode())


def _report(said: Mapping[str, str], delivery: Delivery | None) -> list[Told]:
    """What became of a message. The state may come late, or twice, or in another order."""
    sid, state = said.get("MessageSid", ""), said.get("MessageStatus") or said.get("SmsStatus", "")
    event, code = _STATES.get(state), said.get("ErrorCode", "")
    if event is None or delivery is None or not sid:
        return []
    gone, stopped = code in NOBODY, code == STOPPED
    reason = "STOP " if stopped else ""
    return [
        Told(
            Event.BOUNCED if gone else Event.STOPPED if stopped else event,
            key=f"{sid} {state}",
            delivery=UUID(str(delivery.public_id)),
            address=delivery.address,
            provider_id=sid,
            detail=f"{reason}{state} {code}".strip(),
            suppress=gone or stopped,
        )
    ]


def _reply(said: Mapping[str, str], channel: Channel, now: datetime) -> Reply:
    """What somebody wrote back."""
    sid, number = said.get("MessageSid", ""), said.get("From", "")
    word = said.get("OptOutType") or said.get("Body", "")
    word = word.strip().strip(".!").upper()
    if not sid or not number:
        return _twiml()
    if word in STOP:
        told = Told(Event.STOPPED, sid, address=number, provider_id=sid, detail=f"STOP: {word}", suppress=True)
        return _twiml(told)
    if word in START:
        return _twiml(Told(Event.STARTED, sid, address=number, provider_id=sid, detail=word))
    return _twiml(message=_help(channel, number, sid, now) if word in HELP else "")


def _help(channel: Channel, sender: str, sid: str, now: datetime) -> str:
    """The answer to HELP. It is a text like any other: empty where the channel may send none there, its limits are
    reached, or this message (`sid`) was answered before."""
    text, number = str(channel.settings.get("help", "")), limits.permitted(sender, channel.settings)
    if not text or channel.paused_at is not None or isinstance(number, Permanent):
        return ""
    if suppressed_among(channel.kind, [number.e164], tenant_id=channel.tenant_id):
        return ""
    costs = [Charge(f"help {sid}", 1, 1, ANSWERED), *limits.charges(number, text, channel.settings)]
    with transaction.atomic():
        full = spend(channel.tenant_id, channel.kind, costs, now=now, channel=channel.pk)
    return "" if full else text


def _twiml(*told: Told, message: str = "") -> Reply:
    inner = f"<Message>{escape(message)}</Message>" if message else ""
    return Reply(told, f'<?xml version="1.0" encoding="UTF-8"?><Response>{inner}</Response>', "text/xml")
