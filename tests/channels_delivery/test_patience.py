"""Whoever says to a channel what nobody signed is told to wait; whoever signs is heard, whatever the others do."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.core.cache.backends.locmem import LocMemCache
from django.test import Client

from channels_delivery.callbacks import patience
from channels_delivery.models import Channel
from channels_delivery.suppression import suppressed_among
from notifications.models import Tenant

from .callers import NUMBER, SITE, of, texting, twilio

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _empty(settings: Any) -> Iterator[None]:
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": {"SITE_URL": SITE}}
    cache.clear()
    yield
    cache.clear()


class Away(LocMemCache):
    """A cache that nobody reaches."""

    def validate_key(self, key: str) -> None:
        raise ConnectionError


def unsigned(path: str, **given: Any) -> Any:
    return Client(**given).post(path, b"{}", content_type="text/plain")


def wear_out(channel: Channel) -> Any:
    """Until this address is told to wait: in one minute, or over the beginning of the next. What it is told."""
    answers = [unsigned(of(channel)) for _ in range(2 * patience.REFUSALS + 1)]
    assert {one.status_code for one in answers[: patience.REFUSALS]} == {403}
    return next(one for one in answers if one.status_code == 429)


def test_whoever_is_refused_too_often_is_told_to_wait(acme: Tenant) -> None:
    channel = texting(acme)

    assert wear_out(channel)["Retry-After"] == "60"

    assert unsigned(of(channel), REMOTE_ADDR="192.0.2.7").status_code == 403


def test_what_is_signed_is_heard_from_the_same_address_and_for_the_same_channel(acme: Tenant) -> None:
    channel = texting(acme)
    wear_out(channel)

    assert twilio(of(channel), MessageSid="SM2", From=NUMBER, Body="STOP").status_code == 200

    assert suppressed_among("sms", [NUMBER], tenant_id=acme.pk)


def test_what_is_refused_for_one_channel_counts_for_no_other(acme: Tenant, globex: Tenant) -> None:
    wear_out(texting(acme))

    assert unsigned(of(texting(globex))).status_code == 403


def test_addresses_of_nobody_count_for_nobody(acme: Tenant) -> None:
    channel = texting(acme)
    for number in range(2 * patience.REFUSALS):
        assert unsigned(f"/callbacks/channels/{number:032x}/").status_code == 404
        assert unsigned(f"/callbacks/deliveries/{number:032x}/").status_code == 404

    assert unsigned(of(channel)).status_code == 403
    assert twilio(of(channel), MessageSid="SM2", From=NUMBER, Body="STOP").status_code == 200


def test_without_a_cache_nobody_is_told_to_wait(acme: Tenant, settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": "tests.channels_delivery.test_patience.Away"}}
    channel = texting(acme)

    assert {unsigned(of(channel)).status_code for _ in range(patience.REFUSALS + 2)} == {403}
