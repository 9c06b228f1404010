"""A tenant with a channel for webhooks, and a receiver on this machine that it may reach."""

from collections.abc import Iterator
from typing import Any

import pytest

from channels_delivery.models import Channel, Delivery
from notifications.models import Tenant

from .moves import put
from .receiver import Receiver

OLD, NEW = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_bmV3IHNlY3JldCBvZiB0aGUgcmVjZWl2ZXI="


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    with Receiver() as listening:
        settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": {"ALLOW_ORIGINS": [listening.origin]}}
        yield listening


@pytest.fixture
def channel(acme: Tenant) -> Channel:
    headers = {"X-Team": "support"}
    return Channel.objects.create(
        tenant=acme, kind="webhook", name="hook", settings={"headers": headers}, secrets={"signing": [OLD]}
    )


def post(channel: Channel, url: str, **given: Any) -> Delivery:
    [one] = put(channel.tenant, url, kind="webhook", channel=channel.pk, **given)
    return one
