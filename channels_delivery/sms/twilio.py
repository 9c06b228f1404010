"""Twilio's Messages API (https://www.twilio.com/docs/messaging/api/message-resource), and who speaks it as well.

It knows no idempotency key: what had no answer may have been sent. Its error codes:
https://www.twilio.com/docs/api/errors
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from ..backend import Outlet
from ..outbound.answer import Answer
from ..outcome import Accepted, Outcome, Permanent, Temporary
from ..retry import wait_asked
from .provider import Provider, Request, Text

HOME = "https://api.twilio.com"
EXCERPT = 1_000
LIFE_MAX = 36_000
"""Seconds for which Twilio queues a message at most, and does where nothing is said."""

QUEUE_FULL = {21611, 30001}
QUEUE_WAIT = 300.0
"""Seconds until a queue of ten hours is asked again: it empties by one segment a second."""

STOPPED = 21610
_NO_NUMBER = {21211, 21217, 21614, 30005, 30006, 63033}
_NOT_THERE = {21408, 21612, 21635, 30003}
_OF_THE_CHANNEL = {20404, 21212, 21603, 21606, 21659, 21660, 21701, 21703}
_CONTENT = {21602, 21605, 21617, 21619, 30007}


class Twilio(Provider):
    name = "twilio"
    once = False
    needs = ("settings.account", "secrets.token")

    def request(self, text: Text, outlet: Outlet) -> Request:
        given, account = outlet.settings, str(outlet.settings["account"])
        said = {"To": text.to, "Body": text.body}
        said |= {"MessagingServiceSid": given["service"]} if given.get("service") else {"From": given.get("from", "")}
        if text.report_to:
            said["StatusCallback"] = text.report_to
        if text.life is not None:
            said["ValidityPeriod"] = str(max(1, min(text.life, LIFE_MAX)))
        signed = base64.b64encode(f"{account}:{outlet.secrets['token']}".encode()).decode()
        headers = {
            "authorization": f"Basic {signed}",
            "content-type": "application/x-www-form-urlencoded",
            "idempotency-key": text.id,  # Twilio takes no notice; what stands in front of it may
        }
        url = f"{self.url(given)}/2010-04-01/Accounts/{account}/Messages.json"
        return Request(url, headers, urlencode(said).encode())

    def outcome(self, answer: Answer, *, now: datetime) -> Outcome:
        said = _json(answer.body)
        if 200 <= answer.status < 300:
            if said is None or not isinstance(said.get("sid"), str):
                return Permanent("provider", f"HTTP {answer.status}, but no message id: it may have been sent.")
            return Accepted(f"{said['sid']} {said.get('status', '')}".strip()[:EXCERPT])
        return _refused(answer, said or {}, now)

    def url(self, settings: Mapping[str, Any]) -> str:
        return str(settings.get("url") or HOME).rstrip("/")


def _refused(answer: Answer, said: Mapping[str, Any], now: datetime) -> Outcome:
    code = said.get("code") if isinstance(said.get("code"), int) else 0
    words = said.get("message") or answer.words
    detail = f"HTTP {answer.status} {code or ''} {words}".replace("  ", " ").strip()[:EXCERPT]
    wait = wait_asked(answer.headers, now=now)
    if code in QUEUE_FULL:
        return Temporary("rate_limited", detail, retry_after=max(wait or 0.0, QUEUE_WAIT), slow_lane=True)
    if answer.status == 429 or code == 20429:
        return Temporary("rate_limited", detail, retry_after=wait, slow_lane=True)
    if answer.status in {401, 403} and code in {0, 20003, 20005, 20008}:
        return Permanent("auth", detail, disable=True)
    return _by_code(code, detail) or (
        Temporary("provider", detail, retry_after=wait, slow_lane=answer.status == 503)
        if answer.status >= 500 or answer.status in {408, 421, 425} or answer.status < 200
        else Permanent("provider", detail)
    )


def _by_code(code: Any, detail: str) -> Outcome | None:
    if code == STOPPED:
        return Permanent("address", f"STOP: {detail}", suppress=True)
    if code in _NO_NUMBER:
        return Permanent("address", detail, suppress=True)
    if code in _NOT_THERE:
        return Permanent("address", detail)
    if code in _CONTENT:
        return Permanent("content", detail)
    return Permanent("config", detail) if code in _OF_THE_CHANNEL else None


def _json(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


PROVIDER = Twilio()
