"""What people write back: STOP and START count once, and HELP is answered as far as a text might leave."""

from datetime import timedelta
from typing import Any

import pytest

from channels_delivery import spending
from channels_delivery.backends import backends
from channels_delivery.models import Channel, Receipt
from channels_delivery.outlets import outlets
from channels_delivery.retention import clear_out, forget_receipts
from channels_delivery.suppression import suppress, suppressed_among
from notifications.kernel.clock import db_now
from notifications.models import Tenant

from .callers import NUMBER, SITE, of, texting, twilio
from .moves import take
from .texts import text

pytestmark = pytest.mark.django_db(transaction=True)
OTHER, ANSWER = "+4915198765432", b"<Message>Call &lt;us&gt;.</Message>"


@pytest.fixture(autouse=True)
def _site(settings: Any) -> None:
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": {"SITE_URL": SITE}}


@pytest.fixture
def channel(acme: Tenant) -> Channel:
    return texting(acme)


def events() -> list[str]:
    return list(Receipt.objects.across_tenants().order_by("pk").values_list("event", flat=True))


def stopped(tenant: Tenant) -> bool:
    return bool(suppressed_among("sms", [NUMBER], tenant_id=tenant.pk))


def asks_for_help(channel: Channel, sid: str = "S", number: str = NUMBER) -> bool:
    """Whether somebody who does is answered."""
    answer = twilio(of(channel), MessageSid=sid, From=number, Body="Help")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/xml")
    return ANSWER in answer.content


def test_stop_suppresses_and_start_takes_it_back(channel: Channel, globex: Tenant) -> None:
    assert twilio(of(channel), MessageSid="SM2", From=NUMBER, Body=" Stop. ").status_code == 200
    assert stopped(channel.tenant)
    assert not stopped(globex)

    twilio(of(channel), MessageSid="SM3", From=NUMBER, Body="START")
    assert not stopped(channel.tenant)
    assert events() == ["stopped", "started"]


def test_start_lifts_nothing_but_a_stop(channel: Channel) -> None:
    suppress("sms", [NUMBER], tenant_id=channel.tenant_id, reason="HTTP 400 21211", now=db_now())

    twilio(of(channel), MessageSid="SM3", From=NUMBER, Body="START")

    assert stopped(channel.tenant)


def test_a_stop_that_is_played_again_after_a_start_changes_nothing(channel: Channel) -> None:
    twilio(of(channel), MessageSid="SM2", From=NUMBER, Body="STOP")
    twilio(of(channel), MessageSid="SM3", From=NUMBER, Body="START")

    assert twilio(of(channel), MessageSid="SM2", From=NUMBER, Body="STOP").status_code == 200

    assert not stopped(channel.tenant)
    assert events() == ["stopped", "started"]


def test_help_is_answered_and_anything_else_is_not(channel: Channel) -> None:
    assert (
        b"<Message>Call &lt;us&gt;.</Message>" in twilio(of(channel), MessageSid="S", From=NUMBER, Body="help").content
    )
    assert b"<Response></Response>" in twilio(of(channel), MessageSid="T", From=NUMBER, Body="stop it?").content
    assert events() == []


def test_advanced_opt_out_says_it_for_them(channel: Channel) -> None:
    twilio(of(channel), MessageSid="SM2", From=NUMBER, Body="arrêtez", OptOutType="STOP")

    assert stopped(channel.tenant)


def test_a_start_that_is_played_again_after_years_takes_back_no_stop(channel: Channel) -> None:
    for number, word in enumerate(["STOP", "START", "STOP"]):
        twilio(of(channel), MessageSid=f"SM{number}", From=NUMBER, Body=word)

    assert clear_out(now=db_now() + timedelta(days=3_000))["receipts"] == 0
    assert twilio(of(channel), MessageSid="SM1", From=NUMBER, Body="START").status_code == 200

    assert stopped(channel.tenant)
    assert events() == ["stopped", "started", "stopped"]


def test_what_lasts_is_in_nobodys_way_when_the_rest_is_cleared_out(channel: Channel) -> None:
    old = db_now() - timedelta(days=100)
    told = [*["stopped"] * 5, *["bounced"] * 5, "started", "bounced"]
    Receipt.objects.bulk_create(
        Receipt(tenant=channel.tenant, channel=channel, event=one, digest=str(n), at=old) for n, one in enumerate(told)
    )

    assert [forget_receipts(before=db_now(), most=4) for _ in range(3)] == [4, 2, 0]

    assert events() == [*["stopped"] * 5, "started"]


def test_help_is_counted_against_the_limits_of_texts(acme: Tenant) -> None:
    channel = texting(acme, a_number=3)

    assert [asks_for_help(channel, f"S{n}") for n in range(5)] == [True, True, True, False, False]
    text(channel, NUMBER)
    [parcel] = take()

    assert spending.too_dear([parcel], outlets([channel.pk]), backends(), now=db_now())


def test_help_costs_segments(acme: Tenant) -> None:
    channel = texting(acme, a_day=3, help="Call <us>." + "x" * 160)

    assert b"<Message>" in twilio(of(channel), MessageSid="S", From=NUMBER, Body="HELP").content
    assert b"<Message>" not in twilio(of(channel), MessageSid="T", From=NUMBER, Body="HELP").content


def test_help_that_is_played_again_is_not_answered_again(channel: Channel) -> None:
    assert [asks_for_help(channel, "S"), asks_for_help(channel, "S"), asks_for_help(channel, "T")] == [
        True,
        False,
        True,
    ]


@pytest.mark.parametrize("number", ["+447400123456", "whatsapp:+4915123456789", "ACME"])
def test_help_is_not_answered_where_no_text_goes(channel: Channel, number: str) -> None:
    assert not asks_for_help(channel, number=number)


def test_help_is_not_answered_to_who_said_stop_nor_by_a_channel_that_is_paused(channel: Channel) -> None:
    suppress("sms", [NUMBER], tenant_id=channel.tenant_id, reason="STOP", now=db_now())
    assert [asks_for_help(channel), asks_for_help(channel, number=OTHER)] == [False, True]

    channel.paused_at = db_now()
    channel.save()
    assert not asks_for_help(channel, "T", OTHER)
