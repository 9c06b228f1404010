"""Web push to a browser: encrypted for it alone, signed by the site's VAPID key, sent to the push service that its
subscription names.

The address is the subscription's URL. Its keys are in `slots["keys"]`, encrypted as the endpoint keeps them. A retry
has the same id and tag, so that the browser shows it in place of what came before.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..backend import Backend, Outlet, Words
from ..conf import conf
from ..outbound.answer import Answer, OutboundError
from ..outbound.kept import Kept
from ..outbound.outcomes import no_answer
from ..outcome import Accepted, Outcome, Permanent, Temporary
from ..own.place import opened
from ..parcel import Parcel
from ..push.hosts import origin_of, permitted
from ..push.payload import ACTIONS_MAX, fit, small
from ..push.sealing import Keys, seal
from ..push.vapid import NoKey, identity_of
from ..retry import wait_asked

EXCERPT = 1_000
LIFE = 24 * 3600
"""Seconds for which a push service keeps what has no end of its own."""

DEVICES_KEPT = 2_048
"""So many devices' keys stay read, which made 16 % more pushes a second to a thousand devices."""

_NOTHING: Mapping[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}
_EVERYBODY = "push services"
"""Of whoever the message is, it goes to the same few services, so all share their connections."""

_LATER = {408, 421, 425}


class Push(Backend):
    kind = "push"
    name = _("Web push")
    address = "endpoint"
    cap = 64
    interrupts = True
    settings_schema = _NOTHING
    secrets_schema = _NOTHING

    def __init__(self) -> None:
        self._out = Kept()

    def compose(self, words: Words) -> Mapping[str, Any]:
        """Its words, how urgent it is, and what it takes the place of."""
        content = words.content
        parts: dict[str, Any] = {
            "title": content.title,
            "body": content.body,
            "url": content.url,
            "image": content.image,
            "actions": [{"label": one.label, "url": one.url} for one in content.actions[:ACTIONS_MAX]],
            "urgency": "high" if words.critical or content.level == "error" else "normal",
            "thread": content.thread,
            "stays": words.critical,
            "small": gettext("You have a new message. Open the app to read it."),
        }
        return {name: value for name, value in parts.items() if value}

    async def send(self, parcel: Parcel, outlet: Outlet, *, deadline: float) -> Outcome:
        if not permitted(parcel.address):
            return Permanent("config", "The address is not at a push service of PUSH_HOSTS, as a browser writes it.")
        try:
            given = conf()
            identity = identity_of(given.vapid_private_key, given.vapid_subject)
            keys = _keys(parcel)
        except (NoKey, ValueError, ImproperlyConfigured) as error:
            return Permanent("config", str(error))
        headers = _headers(parcel, now=datetime.now(UTC))
        headers["authorization"] = identity.authorization(origin_of(parcel.address))
        try:
            answer = await self._post(parcel, headers, keys, deadline=deadline)
        except OutboundError as error:
            return no_answer(error)
        if answer.status >= 300:  # of a yes, no words are kept
            answer = answer.without(parcel.address)
        return outcome_of(answer, now=datetime.now(UTC))

    def prepare(self) -> None:
        self._out.prepare()

    async def close(self) -> None:
        await self._out.close()

    async def _post(self, parcel: Parcel, headers: dict[str, str], keys: Keys, *, deadline: float) -> Answer:
        """Once; and once more, with the least there is to say, where that was too large for the service."""
        until, told, out = time.monotonic() + deadline, shown(parcel), await self._out.get()

        async def post(body: bytes) -> Answer:
            left = max(0.0, until - time.monotonic())
            sealed = seal(body, keys=keys)
            return await out.post(parcel.address, headers=headers, body=sealed, deadline=left, tenant=_EVERYBODY)

        answer = await post(fit(told))
        if answer.status == 413:
            return await post(small(told, title=parcel.parts.get("small", "…")))
        return answer


def shown(parcel: Parcel) -> dict[str, Any]:
    """What the service worker is told. Of one `tag` a device shows the latest."""
    parts = parcel.parts
    told = {name: parts[name] for name in ("title", "body", "url", "image", "actions", "stays") if name in parts}
    return {"id": parcel.stable_id.hex, "tag": _topic(parcel), **told}


def outcome_of(answer: Answer, *, now: datetime) -> Outcome:
    """What an answer means. 401 and 403 are mostly our own key's fault, so they are tried again; `endpoint_health.py`
    counts them. A redirect is a failure: it is never followed. A Retry-After may be about the one device (RFC 8030,
    8.4), and behind the same lane are all services: no other push waits for it."""
    status = answer.status
    if 200 <= status < 300:
        return Accepted(f"HTTP {status}")
    detail = f"HTTP {status} {answer.words[:EXCERPT]}".strip()
    wait = wait_asked(answer.headers, now=now)
    match status:
        case 404 | 410:
            return Permanent("address", detail, forget=True)
        case 401 | 403:
            return Temporary("auth", detail, retry_after=wait, alone=True)
        case 429:
            return Temporary("rate_limited", detail, retry_after=wait, alone=True)
        case _ if 400 <= status < 500 and status not in _LATER:
            return Permanent("content", detail)
        case _:
            return Temporary("provider", detail, retry_after=wait, alone=True)


def _headers(parcel: Parcel, *, now: datetime) -> dict[str, str]:
    left = LIFE if parcel.expires_at is None else int((parcel.expires_at - now).total_seconds())
    return {
        "content-type": "application/octet-stream",
        "content-encoding": "aes128gcm",
        "ttl": str(max(0, min(left, LIFE))),
        "urgency": parcel.parts.get("urgency", "normal"),
        "topic": _topic(parcel),
    }


def _keys(parcel: Parcel) -> Keys:
    """Raises ValueError, ImproperlyConfigured."""
    return _opened(parcel.slots.get("keys"), tuple(settings.NOTIFYHUB_ENCRYPTION_KEYS))


@lru_cache(maxsize=DEVICES_KEPT)
def _opened(sealed: str | None, _by: tuple[str, ...]) -> Keys:
    """The keys of a device, with the site's keys as they are now: with one that is gone nothing is read any more."""
    found = opened(sealed)
    if not {"p256dh", "auth"} <= set(found):
        raise ValueError("The delivery has no keys of a device.")
    return Keys(found["p256dh"], found["auth"])


def _topic(parcel: Parcel) -> str:
    """What it takes the place of: of one thread of its tenant what came before, else itself. 32 URL-safe characters, as
    many as a push service takes."""
    thread = parcel.parts.get("thread")
    if not thread:
        return parcel.stable_id.hex
    return base64.urlsafe_b64encode(hashlib.sha256(f"{parcel.tenant_id} {thread}".encode()).digest())[:32].decode()


BACKEND = Push()
