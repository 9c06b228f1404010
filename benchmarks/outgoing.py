"""What leaves in the benchmarks of the outbox: tenants, their endpoints, letters of 1 KB, and what is on record."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from . import product

if TYPE_CHECKING:
    from channels_delivery.outbox import Letter

BYTES = 1024
BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A receiver, with the tenant and the channel that it belongs to."""

    tenant: int
    channel: int
    address: str

    @property
    def host(self) -> str:
        return urlsplit(self.address).hostname or ""


def body(number: int) -> dict[str, Any]:
    """1 KB of JSON, as it goes over the wire."""
    made = {"type": "session.escalated", "data": {"number": number, "note": ""}}
    made["data"]["note"] = "x" * (BYTES - len(json.dumps(made, separators=(",", ":"))))  # type: ignore[index]
    return made


def secret(number: int) -> str:
    return "whsec_" + base64.b64encode(f"a secret of 32 bytes, num. {number:05d}".encode()).decode()


def endpoints(origins: Sequence[str], *, tenants: int, path: str, slug: str = "tenant") -> list[Endpoint]:
    """A channel of its own for each of these origins, which are dealt out to as many new tenants."""
    from channels_delivery.models import Channel

    owners = [product.add_tenant(f"{slug}-{n}") for n in range(tenants)]
    channels = Channel.objects.bulk_create(
        Channel(tenant=owners[n % tenants], kind="webhook", name=f"{slug} {n}", secrets={"signing": [secret(n)]})
        for n in range(len(origins))
    )
    return [
        Endpoint(channel.tenant_id, channel.pk, origin + path)
        for channel, origin in zip(channels, origins, strict=True)
    ]


def enqueue(
    to: Sequence[Endpoint], count: int, *, origin: UUID | None = None, origin_step: str = "", first: int = 0
) -> None:
    """`count` webhooks of 1 KB, dealt out to the endpoints, in transactions of a thousand; default caps."""
    from channels_delivery.outbox import Address, Letter, Way

    put(
        Letter(
            one.tenant,
            "webhook",
            "bench.session_escalated",
            parts={"body": body(n)},
            to=[Address(one.address)],
            way=Way(one.host),
            channel=one.channel,
            origin=origin,
            origin_step=f"{origin_step}.{n}",
        )
        for n in range(first, first + count)
        for one in [to[n % len(to)]]
    )


def enqueue_poison(tenant: int, count: int, *, origin: UUID) -> None:
    """As many letters that end the process which sends them."""
    from channels_delivery.outbox import Address, Letter, Way

    put(
        Letter(
            tenant, "poison", "bench.poison", {}, [Address("anybody")], Way("poison"), origin=origin, origin_step=str(n)
        )
        for n in range(count)
    )


def put(letters: Iterable[Letter]) -> None:
    from channels_delivery import outbox
    from notifications.kernel.clock import db_now

    rest = iter(letters)
    while batch := list(islice(rest, BATCH)):
        outbox.enqueue_many(batch, now=db_now())


def on_record() -> Mapping[str, int]:
    """How many attempts there are, and how many deliveries in each state."""
    [(attempts,)] = product.execute("SELECT count(*) FROM {attempt}", [])
    states = product.execute("SELECT state, count(*) FROM {delivery} GROUP BY state", [])
    return {"attempts": attempts, **dict(states)}


def settle() -> None:
    """Statistics and dirty pages in order before anything is measured."""
    from . import database

    tables = [product.table(name, app="channels_delivery") for name in ("message", "delivery", "attempt", "lane")]
    with database.connect(database.url()) as plain:
        database.settle(plain, *tables)
