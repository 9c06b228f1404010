"""Both clients under one call, so that every case is asked of both."""

import asyncio
import ssl
from collections.abc import Callable, Mapping

import pytest

from channels_delivery.outbound.aio import Outbound
from channels_delivery.outbound.answer import Answer, Code, OutboundError
from channels_delivery.outbound.names import Lookup
from channels_delivery.outbound.policy import Rules
from channels_delivery.outbound.sync import SyncOutbound

TLS = ssl.create_default_context()  # read once: the authorities of the system are many
Post = Callable[..., Answer]


def nobody(host: str, port: int) -> list[str]:
    """The lookup of tests that need none."""
    raise AssertionError(f"asked DNS for {host}:{port}")


def by_aiohttp(
    url: str,
    *,
    rules: Rules,
    lookup: Lookup = nobody,
    tls: ssl.SSLContext = TLS,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"body",
    deadline: float = 10.0,
) -> Answer:
    async def once() -> Answer:
        async with Outbound(rules, lookup=lookup, tls=tls) as out:
            return await out.post(url, headers=headers or {}, body=body, deadline=deadline, tenant=1)

    return asyncio.run(once())


def by_requests(
    url: str,
    *,
    rules: Rules,
    lookup: Lookup = nobody,
    tls: ssl.SSLContext = TLS,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"body",
    deadline: float = 10.0,
) -> Answer:
    out = SyncOutbound(rules, lookup=lookup, tls=tls)
    try:
        return out.post(url, headers=headers or {}, body=body, deadline=deadline)
    finally:
        out.close()


def code(post: Post, url: str, **given: object) -> Code:
    """The code of the error that a request must end with."""
    with pytest.raises(OutboundError) as caught:
        post(url, **given)
    return caught.value.code
