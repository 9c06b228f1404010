"""Signed webhooks by the Standard Webhooks specification (https://www.standardwebhooks.com).

The address is the URL. `parts["body"]` is what is sent: a text as it stands, anything else as JSON. The secrets of the
channel, or of somebody's own place, hold `signing`, one or two secrets of the form `whsec_<base64>`: with two, both
sign, so that a receiver can go over from one to the other. A channel's settings may hold `headers`, fields that go with
every request.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from ..backend import Backend, Outlet, Words
from ..outbound.answer import Answer, OutboundError
from ..outbound.headers import check_headers
from ..outbound.kept import Kept
from ..outbound.outcomes import no_answer
from ..outbound.words import headers_advice, url_advice
from ..outcome import Delivered, Outcome, Permanent, Temporary
from ..own.place import Place, secrets_of
from ..parcel import Parcel
from ..retry import LONG, wait_asked

PREFIX = "whsec_"
_WEAK = gettext_noop("A signing secret is whsec_ and base64 of 24 to 64 random bytes.")
EXCERPT = 1_000
"""Characters of a receiver's answer that are kept with a failed attempt."""


class Webhook(Backend):
    kind = "webhook"
    name = _("Webhook")
    team = True
    by_choice = True
    address = "endpoint"
    own = "url"
    holdable = False
    policy = LONG
    rotates = "signing"
    settings_schema: Mapping[str, Any] = {
        "type": "object",
        "properties": {
            "url": {
                "type": "string",
                "format": "uri",
                "maxLength": 500,
                "title": gettext_noop("Address"),
                "description": gettext_noop("Where the request goes, starting with https://."),
            },
            "headers": {
                "type": "object",
                "maxProperties": 20,
                "additionalProperties": {"type": "string"},
                "title": gettext_noop("Header fields"),
                "description": gettext_noop("Sent along with every request."),
            },
        },
        "additionalProperties": False,
    }
    secrets_schema: Mapping[str, Any] = {
        "type": "object",
        "properties": {
            "signing": {
                "type": "array",
                "items": {
                    "type": "string",
                    "pattern": "^whsec_[A-Za-z0-9+/]+=*$",
                    "description": _WEAK,
                },
                "minItems": 1,
                "maxItems": 2,
                "title": gettext_noop("Signing secrets"),
                "description": gettext_noop("One or two; with two, both sign. Without any, we make one."),
            }
        },
        "required": ["signing"],
        "additionalProperties": False,
    }

    def __init__(self) -> None:
        self._out = Kept()

    def compose(self, words: Words) -> Mapping[str, Any]:
        """`{type, timestamp, data}`, as the specification recommends. The data are the run's own and its words."""
        content = words.content.to_json()
        data = {"transaction_id": words.transaction_id, "payload": words.payload, "notice": content}
        return {"body": {"type": words.key, "timestamp": words.at.isoformat(), "data": data}}

    def title(self, parts: Mapping[str, Any]) -> str:
        return str(parts["body"]["data"]["notice"].get("title", ""))

    def team_addresses(self, settings: Mapping[str, Any]) -> Sequence[str]:
        return (settings["url"],) if settings.get("url") else ()

    def fresh_secret(self) -> str:
        return PREFIX + base64.b64encode(os.urandom(32)).decode()

    def faults(self, settings: Mapping[str, Any], secrets: Mapping[str, Any]) -> Mapping[str, str]:
        found = headers_advice(settings.get("headers", {}), within="settings.headers")
        url = settings.get("url", "")
        if advice := url_advice(url) if url else gettext("Is missing: say where the request goes."):
            found["settings.url"] = advice
        for place, secret in enumerate(secrets.get("signing", ())):
            if not _is_strong(secret):
                found[f"secrets.signing[{place}]"] = gettext(_WEAK)
        return found

    def own_place(self, written: str, settings: Mapping[str, Any], *, way: Mapping[str, Any]) -> Place:
        if advice := url_advice(written):
            raise ValueError(advice)
        made = {"signing": [self.fresh_secret()]}
        return Place(written, secrets=made, issued=made)

    async def send(self, parcel: Parcel, outlet: Outlet, *, deadline: float) -> Outcome:
        if "keys" in parcel.slots:
            outlet = _own(parcel)
        means = outlet.memo.get(self.kind) or outlet.memo.setdefault(self.kind, _means(outlet))
        if isinstance(means, Permanent):
            return means
        custom, keys = means
        body = _body(parcel.parts["body"])
        headers = custom | signed(body, message_id=f"msg_{parcel.stable_id.hex}", timestamp=int(time.time()), keys=keys)
        out = await self._out.get()
        try:
            answer = await out.post(
                parcel.address, headers=headers, body=body, deadline=deadline, tenant=parcel.tenant_id
            )
        except OutboundError as error:
            return no_answer(error)
        if answer.status >= 300:  # of a yes, no words are kept
            answer = answer.without(parcel.address, *custom.values())
        return outcome_of(answer, now=datetime.now(UTC))

    def prepare(self) -> None:
        self._out.prepare()

    async def close(self) -> None:
        await self._out.close()


def _own(parcel: Parcel) -> Outlet:
    """The way to somebody's own place: its secrets, or none where they cannot be read any more."""
    try:
        return Outlet(None, {}, secrets_of(parcel))
    except ImproperlyConfigured:
        return Outlet(None, {}, {})


def _means(outlet: Outlet) -> tuple[dict[str, str], list[bytes]] | Permanent:
    """A channel's own header fields and its keys, checked, or why nothing can be sent by it."""
    try:
        keys = [signing_key(secret) for secret in outlet.secrets["signing"]]
    except (KeyError, ValueError):
        return Permanent("config", "The channel has no usable signing secret.")
    custom = dict(outlet.settings.get("headers", {}))
    if problems := check_headers(custom):
        return Permanent("config", f"The header field {problems[0].name!r} cannot be sent ({problems[0].fault}).")
    return custom, keys


def signing_key(secret: str) -> bytes:
    """The bytes to sign with. Raises ValueError unless it is `whsec_` and base64 of at least one byte."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if not secret.startswith(PREFIX) or not key:
        raise ValueError(f"a signing secret starts with {PREFIX} and is not empty")
    return key


def _is_strong(secret: str) -> bool:
    try:
        return 24 <= len(signing_key(secret)) <= 64
    except ValueError:
        return False


def signed(body: bytes, *, message_id: str, timestamp: int, keys: Sequence[bytes]) -> dict[str, str]:
    """The header fields of a signed body, a signature for each key. Not by `hmac.digest`, which lets go of the
    interpreter's lock for even the shortest text and has to wait for it again."""
    content = f"{message_id}.{timestamp}.".encode() + body
    signatures = (base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode() for key in keys)
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def outcome_of(answer: Answer, *, now: datetime) -> Outcome:
    """What an answer means. A redirect is a failure: it is never followed."""
    status = answer.status
    if 200 <= status < 300:
        return Delivered(f"HTTP {status}")
    detail = f"HTTP {status} {answer.words[:EXCERPT]}".strip()
    if status == 410:
        return Permanent("address", detail, disable=True)
    if status in {413, 414, 431}:
        return Permanent("content", detail)
    wait = wait_asked(answer.headers, now=now)
    if status in {429, 503}:
        return Temporary("rate_limited" if status == 429 else "provider", detail, retry_after=wait, slow_lane=True)
    return Temporary("auth" if status in {401, 403} else "provider", detail, retry_after=wait)


def _body(given: Any) -> bytes:
    return (given if isinstance(given, str) else _as_json(given)).encode()


_as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode  # `dumps` makes an encoder for each text


BACKEND = Webhook()
