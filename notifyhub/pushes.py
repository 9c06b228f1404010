"""The push service of the embedded mode, and the devices behind it: it takes a push as those of the browsers would, and
then opens it as the browser would, whose private keys it has.

A real service never reads what it carries. This one is strict where they are: without a token of this site, or with
header fields that they would not take, a push is refused.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import http_ece

from .demo_devices import Device
from .ring import Ring
from .vapid_check import token_fits

MOST, SIZE = 500, 4 * 1024 * 1024
BODY_MAX, TOPIC_MAX = 4096, 32
THANKS, GONE = 201, 410
PATIENCE = 5
"""Seconds after which a sender that was told 429 may come back."""

URGENCIES = {"very-low", "low", "normal", "high"}


class Manner(StrEnum):
    """A way to answer that a sender has to cope with."""

    GONE = "gone"
    LATER = "later"
    ERROR = "error"


STATUS = {Manner.GONE: GONE, Manner.LATER: 429, Manner.ERROR: 500}


@dataclass(frozen=True)
class Pushed:
    """A push that came for a device of a tenant, what it says, and how it was answered: `status`, and in `said` why."""

    id: UUID
    tenant_id: int
    device: str
    at: datetime
    told: Mapping[str, Any] = field(repr=False)
    urgency: str
    ttl: int
    topic: str
    size: int
    status: int
    said: str = ""

    @property
    def is_shown(self) -> bool:
        """Whether the device lights up. One that it cannot open was taken all the same, and shows nothing."""
        return self.status < 300 and bool(self.told)

    @property
    def tag(self) -> str:
        """Of one tag a device shows the latest."""
        return str(self.told.get("tag") or self.id)

    @property
    def delivery(self) -> UUID | None:
        """The stable id of what of ours it is."""
        try:
            return UUID(str(self.told.get("id", "")))
        except ValueError:
            return None


PUSHED: Ring[Pushed] = Ring(most=MOST, size=SIZE)
_lock = threading.Lock()
_scripts: dict[tuple[int, str], Manner] = {}
_gone: set[tuple[int, str]] = set()


def push(device: Device, headers: Mapping[str, str], body: bytes, *, tenant_id: int, origin: str, key: str) -> Pushed:
    """Take this, or say why not, and keep it. `origin` is the service's own, `key` the public one of the site."""
    status, said = _judged(headers, body, origin=origin, key=key)
    if status == THANKS:
        status = _answer((tenant_id, device.name))
    told = _opened(body, device)
    if not told and status == THANKS:
        said = "sealed for another key"
    pushed = Pushed(
        uuid.uuid4(),
        tenant_id,
        device.name,
        datetime.now(UTC),
        told,
        headers.get("urgency", "normal"),
        _number(headers.get("ttl", "")),
        headers.get("topic", "")[:TOPIC_MAX],
        len(body),
        status,
        said,
    )
    PUSHED.put(pushed, size=len(body) + 500)
    return pushed


def answer_with(manner: Manner | None, device: str, *, tenant_id: int) -> None:
    """Answer the next push for this device in that manner; None: as it deserves."""
    with _lock:
        if manner is None:
            _scripts.pop((tenant_id, device), None)
        else:
            _scripts[tenant_id, device] = manner


def scripted(tenant_id: int) -> dict[str, Manner]:
    with _lock:
        return {device: manner for (tenant, device), manner in _scripts.items() if tenant == tenant_id}


def gone(tenant_id: int) -> set[str]:
    """The devices of this tenant that are gone for good, as far as this service knows."""
    with _lock:
        return {device for tenant, device in _gone if tenant == tenant_id}


def back(device: str, *, tenant_id: int) -> None:
    """The browser subscribed again."""
    with _lock:
        _gone.discard((tenant_id, device))


def _answer(of: tuple[int, str]) -> int:
    """What is gone stays gone; else as it was told to, once."""
    with _lock:
        manner = _scripts.pop(of, None)
        if manner is Manner.GONE:
            _gone.add(of)
        if of in _gone:
            return GONE
        return STATUS[manner] if manner else THANKS


def _judged(headers: Mapping[str, str], body: bytes, *, origin: str, key: str) -> tuple[int, str]:
    authorization = headers.get("authorization", "")
    if not authorization:
        return 401, "no token"
    if not token_fits(authorization, origin=origin, key=key):
        return 403, "the token is not of this site, or not for this service"
    if len(body) > BODY_MAX:
        return 413, "more than 4,096 bytes"
    if headers.get("content-encoding") != "aes128gcm":
        return 415, "not aes128gcm"
    if not headers.get("ttl", "").isdecimal():
        return 400, "no TTL"
    if headers.get("urgency", "normal") not in URGENCIES or len(headers.get("topic", "")) > TOPIC_MAX:
        return 400, "no such urgency or topic"
    return THANKS, ""


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def _opened(body: bytes, device: Device) -> Mapping[str, Any]:
    """What the browser reads; nothing where it cannot. Whoever has the key may send what they like, so anything goes
    wrong here in any way."""
    try:
        text = http_ece.decrypt(body, private_key=device.private, auth_secret=device.auth, version="aes128gcm")
        told = json.loads(text)
    except Exception:  # bytes of a stranger
        return {}
    return told if isinstance(told, dict) else {}
