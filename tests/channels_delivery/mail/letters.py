"""Sending one letter by the backend itself, without a database."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest

from channels_delivery.backend import Outlet, Words
from channels_delivery.backends.email import Email
from channels_delivery.outcome import Outcome
from channels_delivery.parcel import Parcel
from notifications.content import Content
from tests.channels_delivery.mail_server import MailServer

T = TypeVar("T")
PARTS = {"subject": "Shipped", "text": "Your order is on its way.", "html": "<p>Your order is on its way.</p>"}
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
DEADLINE = 5.0


@pytest.fixture
def server(open_to: Callable[[MailServer], MailServer]) -> Iterator[MailServer]:
    """A server that tenants may reach."""
    with MailServer() as listening:
        yield open_to(listening)


@pytest.fixture
def open_to(settings: Any) -> Callable[[MailServer], MailServer]:
    """Let tenants reach a server of this machine."""

    def allow(server: MailServer, **given: Any) -> MailServer:
        section = {"ALLOW_ORIGINS": [server.origin], **given}
        settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": section}
        return server

    return allow


@pytest.fixture
def by_site(settings: Any) -> Callable[[MailServer], Outlet]:
    """Have the site's own SMTP be this server."""

    def use(server: MailServer, **given: Any) -> Outlet:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.DEFAULT_FROM_EMAIL = "Hub <hub@site.example>"
        for name, value in given.items():
            setattr(settings, name, value)
        return Outlet(None, {}, {})

    return use


def outlet(server: MailServer, *, password: str = "", **given: Any) -> Outlet:
    fixed = {"host": "127.0.0.1", "port": server.port, "security": "none", "from": "news@acme.example"}
    return Outlet(7, {**fixed, **given}, {"password": password} if password else {})


def parcel(address: str = "bob@acme.example", *, tenant: int = 1, **given: Any) -> Parcel:
    fields: dict[str, Any] = {
        "id": 1,
        "token": uuid.uuid4(),
        "attempt": 1,
        "lane_id": 1,
        "tenant_id": tenant,
        "public_id": uuid.uuid4(),
        "stable_id": uuid.uuid4(),
        "kind": "email",
        "address": address,
        "channel_id": 7,
        "recipient_id": None,
        "slots": {},
        "parts": PARTS,
        "attachments": [],
        "notice_key": "order.shipped",
        "expires_at": None,
        "decided_at": AT,
        "created_at": AT,
    }
    return Parcel(**{**fields, **given})


def send(*parcels: Parcel, by: Outlet | Sequence[Outlet], deadline: float = DEADLINE) -> list[Outcome]:
    """Send these one after the other, and take leave."""
    ways = [by] * len(parcels) if isinstance(by, Outlet) else by

    async def all_of_them(backend: Email) -> list[Outcome]:
        return [await backend.send(one, way, deadline=deadline) for one, way in zip(parcels, ways, strict=True)]

    return with_backend(all_of_them)


def send_one(by: Outlet, address: str = "bob@acme.example", *, deadline: float = DEADLINE, **given: Any) -> Outcome:
    return send(parcel(address, **given), by=by, deadline=deadline)[0]


def with_backend(work: Callable[[Email], Awaitable[T]]) -> T:
    """Do something with a backend of one's own."""

    async def run() -> T:
        backend = Email()
        try:
            return await work(backend)
        finally:
            await backend.close()

    return asyncio.run(run())


def words(extra: Mapping[str, str] | None = None, *, title: str = "Order 7 has left", **given: Any) -> Words:
    return Words(Content(title, **given), AT, extra=extra or {}, key="order.shipped", tenant="Acme & Sons")
