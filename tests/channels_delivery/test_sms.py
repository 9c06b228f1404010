"""SMS: who may be told, what a provider's answer means, and how much leaves in a day."""

import asyncio
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from channels_delivery import spending
from channels_delivery.backend import Outlet
from channels_delivery.backends import backends
from channels_delivery.backends.sms import BACKEND
from channels_delivery.courier import drain
from channels_delivery.models import Attempt, Channel, Spending
from channels_delivery.outcome import Accepted, Outcome, Permanent, Temporary
from channels_delivery.outlets import outlets
from channels_delivery.sms.numbers import number_of
from channels_delivery.suppression import suppress, suppressed_among
from notifications.kernel.clock import db_now
from notifications.models import Tenant

from .backends.stage_sms import SmsStage
from .moves import deliveries, let_time_come, put, states, take
from .receiver import Receiver

NUMBER = "+4915123456789"
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="


@pytest.fixture
def stage(settings: Any) -> Iterator[SmsStage]:
    with SmsStage() as one:
        given = {"ALLOW_ORIGINS": one.origins, "SITE_URL": "https://hub.example"}
        settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": given}
        yield one


def channel_of(tenant: Tenant, stage: SmsStage, **given: Any) -> Channel:
    return Channel.objects.create(
        tenant=tenant, kind="sms", name="sms", settings={**stage.settings, **given}, secrets=stage.secrets
    )


def text(channel: Channel, *numbers: str, said: str = "Hello", **given: Any) -> list[Any]:
    return put(channel.tenant, *numbers, kind="sms", channel=channel.pk, parts={"text": said}, **given)


def send(stage: SmsStage, outlet: Outlet | None = None, **given: Any) -> Outcome:
    parcel = stage.parcel({"text": "Hello"})._replace(**given)

    async def once() -> Outcome:
        try:
            return await BACKEND.send(parcel, outlet or stage.outlet, deadline=2.0)
        finally:
            await BACKEND.close()

    return asyncio.run(once())


@pytest.mark.once
@pytest.mark.parametrize(
    ("status", "code", "wanted"),
    [
        (400, 21211, Permanent("address", suppress=True)),
        (400, 21614, Permanent("address", suppress=True)),
        (400, 21610, Permanent("address", suppress=True)),
        (400, 21408, Permanent("address")),
        (400, 21617, Permanent("content")),
        (400, 21606, Permanent("config")),
        (400, 99999, Permanent("provider")),
        (401, 20003, Permanent("auth", disable=True)),
        (429, 20429, Temporary("rate_limited", slow_lane=True)),
        (400, 20429, Temporary("rate_limited", slow_lane=True)),
        (400, 21611, Temporary("rate_limited", retry_after=300.0, slow_lane=True)),
        (400, 30001, Temporary("rate_limited", retry_after=300.0, slow_lane=True)),
        (500, 0, Temporary("provider")),
        (503, 0, Temporary("provider", slow_lane=True)),
        (302, 0, Permanent("provider")),
    ],
)
def test_a_code_means(stage: SmsStage, status: int, code: int, wanted: Outcome) -> None:
    stage.stub.says = (status, code)

    outcome = send(stage)

    assert replace(outcome, detail="") == wanted
    assert str(code or status) in outcome.detail


@pytest.mark.once
def test_the_wait_that_a_provider_asks_for_is_kept(stage: SmsStage) -> None:
    stage.stub.says, stage.stub.fields = (429, 20429), {"Retry-After": "77"}

    outcome = send(stage)

    assert isinstance(outcome, Temporary)
    assert outcome.retry_after == 77


@pytest.mark.once
def test_opting_out_is_kept_in_words_that_start_can_find(stage: SmsStage) -> None:
    stage.stub.says = (400, 21610)

    assert send(stage).detail.startswith("STOP")


@pytest.mark.once
@pytest.mark.parametrize("cut", [b"", b"HTTP/1.1 201", b"HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{"])
def test_what_had_no_whole_answer_is_not_sent_again_by_itself(stage: SmsStage, cut: bytes) -> None:
    def break_off(exchange: Any) -> None:
        exchange.send(cut)
        exchange.reset()

    stage.stub.play(break_off)

    outcome = send(stage)

    assert isinstance(outcome, Permanent)
    assert "may have been sent" in outcome.detail
    assert not outcome.suppress
    assert not outcome.disable
    assert len(stage.ids) == 1


@pytest.mark.once
@pytest.mark.parametrize(
    "address", ["", "015123456789", "+49", "+4915123456789;ext=5", "+" + "4" * 40, "bob@acme.example", "+49\n151"]
)
def test_what_is_no_number_in_full_is_refused_before_anybody_is_asked(stage: SmsStage, address: str) -> None:
    outcome = send(stage, address=address)

    assert isinstance(outcome, Permanent)
    assert outcome.code == "address"
    assert stage.ids == []


@pytest.mark.once
def test_other_countries_are_refused(stage: SmsStage) -> None:
    outcome = send(stage, address="+447400123456")

    assert isinstance(outcome, Permanent)
    assert "GB" in outcome.detail
    assert stage.ids == []


@pytest.mark.once
def test_a_message_is_dialled_in_full_reported_back_and_not_kept_beyond_its_life(stage: SmsStage) -> None:
    public = uuid.uuid4()
    outcome = send(stage, public_id=public, expires_at=datetime.now(UTC) + timedelta(minutes=5))

    [said] = stage.stub.texts
    assert isinstance(outcome, Accepted)
    assert outcome.detail.startswith("SM")
    assert said["To"] == NUMBER
    assert said["From"] == "+15005550006"
    assert said["StatusCallback"] == f"https://hub.example/callbacks/deliveries/{public.hex}/"
    assert 290 <= int(said["ValidityPeriod"]) <= 300


@pytest.mark.once
def test_without_a_channel_there_is_no_provider(stage: SmsStage) -> None:
    assert send(stage, Outlet(None, {}, {})) == Permanent(
        "config", "There is no SMS provider: set up a channel for SMS."
    )


@pytest.mark.once
@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/", "https://169.254.169.254", "https://[::1]/", "http://acme.example"]
)
def test_a_provider_is_no_way_into_our_network(stage: SmsStage, url: str) -> None:
    settings = {**stage.settings, "url": url}

    assert "settings.url" in BACKEND.faults(settings, stage.secrets)
    assert send(stage, Outlet(7, settings, stage.secrets)) == Permanent("config", "The address could not be reached.")


@pytest.mark.once
@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"account": ""}, "settings.account"),
        ({"from": ""}, "settings.from"),
        ({"from": "twelve lettr"}, "settings.from"),
        ({"from": "+1"}, "settings.from"),
        ({"provider": "http"}, "secrets.signing"),
        ({"provider": "http", "service": "MG1", "url": ""}, "settings.url"),
    ],
)
def test_a_channel_says_what_it_lacks(stage: SmsStage, given: dict[str, Any], field: str) -> None:
    assert field in BACKEND.faults({**stage.settings, **given}, stage.secrets)


@pytest.mark.once
def test_a_provider_of_ones_own_gets_signed_json_and_may_be_asked_again(settings: Any, stage: SmsStage) -> None:
    with Receiver() as own:
        section = {"ALLOW_ORIGINS": [own.origin]}
        settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": section}
        outlet = Outlet(
            7,
            {"provider": "http", "from": "ACME", "url": f"{own.origin}/sms", "countries": ["DE"]},
            {"signing": WHSEC, "token": "a-bearer-token"},
        )
        own.answers["/sms"] = [(500, {}), (200, {})]
        stable = uuid.uuid4()

        first, second = send(stage, outlet, stable_id=stable), send(stage, outlet, stable_id=stable)

    assert isinstance(first, Temporary)
    assert isinstance(second, Accepted)
    assert own.got[0].headers["authorization"] == "Bearer a-bearer-token"
    for one in own.got:
        said = Webhook(WHSEC).verify(one.body, dict(one.headers))
        assert said == {"id": stable.hex, "to": NUMBER, "from": "ACME", "text": "Hello"}


@pytest.mark.once
def test_numbers_know_their_country_and_their_range() -> None:
    found = number_of("+49 (151) 234-56 789")

    assert found is not None
    assert (found.e164, found.country, found.range) == (NUMBER, "DE", "+4915123456")


@pytest.mark.django_db(transaction=True)
def test_the_providers_id_is_kept_with_the_attempt(acme: Tenant, stage: SmsStage) -> None:
    [one] = text(channel_of(acme, stage), NUMBER)

    drain()

    [tried] = Attempt.objects.filter(delivery_id=one.pk)
    assert tried.detail.startswith("SM")
    assert states() == {"accepted": 1}


@pytest.mark.django_db(transaction=True)
def test_a_pumping_run_over_a_range_is_capped(acme: Tenant, stage: SmsStage) -> None:
    """A thousand numbers in one block, all of them in a permitted country."""
    channel = channel_of(acme, stage, a_range=20)
    text(channel, *_range(1_000))

    drain()

    assert states() == {"accepted": 20, "failed": 980}
    assert len(stage.ids) == 20
    assert deliveries().filter(state="failed").first().code == "rate_limited"


@pytest.mark.django_db(transaction=True)
def test_a_tenants_day_is_counted_in_segments(acme: Tenant, stage: SmsStage) -> None:
    channel = channel_of(acme, stage, a_day=5)
    text(channel, *[f"+4915{n}3456789" for n in range(10, 14)], said="a" * 161)

    drain()

    assert states() == {"accepted": 2, "failed": 2}


@pytest.mark.django_db(transaction=True)
def test_a_number_is_told_so_often_a_day_however_it_is_written(acme: Tenant, globex: Tenant, stage: SmsStage) -> None:
    channel, other = channel_of(acme, stage, a_number=2), channel_of(globex, stage, a_number=2)
    for spelling in (NUMBER, "+49 151 23456789", "+49-151-23456789"):
        text(channel, spelling)
    text(other, NUMBER)

    drain()

    assert states() == {"accepted": 3, "failed": 1}
    assert not Spending.objects.across_tenants().filter(digest__contains="4915").exists()


@pytest.mark.django_db(transaction=True)
def test_a_retry_is_not_counted_again(acme: Tenant, stage: SmsStage) -> None:
    stage.stub.says = (429, 20429)
    text(channel_of(acme, stage, a_number=1), NUMBER)
    drain()
    stage.stub.behave()
    let_time_come()
    drain()

    assert states() == {"accepted": 1}


@pytest.mark.django_db(transaction=True)
def test_counting_takes_as_many_statements_for_many_as_for_few(
    acme: Tenant, stage: SmsStage, django_assert_num_queries: Any
) -> None:
    channel = channel_of(acme, stage)
    text(channel, *_range(60))
    parcels, ways = take(), outlets([channel.pk])
    known, now = backends(), db_now()
    spending.too_dear(parcels[:1], ways, known, now=now)  # what is asked once a connection

    with django_assert_num_queries(5):  # begin, make, hold, write, end
        spending.too_dear(parcels[1:3], ways, known, now=now)
    with django_assert_num_queries(5):
        spending.too_dear(parcels[3:], ways, known, now=now)


@pytest.mark.django_db(transaction=True)
def test_a_new_window_begins_anew_and_old_counters_go(acme: Tenant, stage: SmsStage) -> None:
    channel = channel_of(acme, stage, a_number=1)
    text(channel, NUMBER)
    text(channel, NUMBER)
    first, second = take()
    ways, known, now = outlets([channel.pk]), backends(), db_now()

    assert spending.too_dear([first], ways, known, now=now) == {}
    assert list(spending.too_dear([second], ways, known, now=now)) == [second.id]
    assert spending.too_dear([second], ways, known, now=now + timedelta(days=1)) == {}
    assert spending.forget(before=now + timedelta(days=1), most=100) == 3
    assert Spending.objects.across_tenants().count() == 3


@pytest.mark.django_db(transaction=True)
def test_a_suppressed_number_is_left_alone_however_it_is_written(acme: Tenant, stage: SmsStage) -> None:
    suppress("sms", [NUMBER], tenant_id=acme.pk, reason="STOP", now=db_now())
    assert suppressed_among("sms", ["+49 151 2345-6789"], tenant_id=acme.pk)
    text(channel_of(acme, stage), "+49 (151) 23456789")

    drain()

    assert states() == {"failed": 1}
    assert stage.ids == []
    assert Spending.objects.across_tenants().count() == 0


def _range(size: int) -> list[str]:
    """Numbers that differ only in their last three digits."""
    return [f"+4915123456{n:03d}" for n in range(size)]
