"""SMS: who may be told, and what a provider's answer means."""

import asyncio
import base64
import json
import threading
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from channels_delivery.backend import Outlet
from channels_delivery.backends.sms import BACKEND
from channels_delivery.courier import Stop, drain
from channels_delivery.models import Attempt, Spending
from channels_delivery.outcome import Accepted, Outcome, Permanent, Temporary
from channels_delivery.sms.numbers import number_of
from channels_delivery.suppression import suppress, suppressed_among
from notifications.kernel.clock import db_now
from notifications.models import Tenant
from tests.site.processes import wait_until

from .backends.stage_sms import SmsStage
from .moves import states
from .receiver import Receiver
from .texts import NUMBER, channel_of, text

WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="


@pytest.fixture
def stage(settings: Any) -> Iterator[SmsStage]:
    with SmsStage() as one:
        given = {"ALLOW_ORIGINS": one.origins, "SITE_URL": "https://hub.example"}
        settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": given}
        yield one


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
@pytest.mark.parametrize(("provider", "stopped", "sent"), [("twilio", {"failed": 1}, 1), ("http", {"pending": 1}, 2)])
def test_a_worker_that_is_told_to_stop_leaves_no_text_to_be_sent_twice(
    acme: Tenant, stage: SmsStage, provider: str, stopped: dict[str, int], sent: int
) -> None:
    channel = channel_of(acme, stage, provider=provider)
    channel.secrets = {**stage.secrets, "signing": WHSEC}
    channel.save()
    [one] = text(channel, NUMBER)
    stage.hang()
    stop = Stop()
    threading.Thread(target=lambda: wait_until(lambda: bool(stage.ids), seconds=20) and stop.tell(patience=0)).start()

    drain(stop=stop)
    assert states() == stopped
    stage.take()
    drain()

    assert len(stage.ids) == sent
    first = Attempt.objects.get(delivery_id=one.pk, no=1)
    assert ("it may have been sent" in first.detail) is (provider == "twilio")


@pytest.mark.once
@pytest.mark.parametrize("provider", ["twilio", "http"])
def test_what_a_provider_says_back_of_our_secrets_is_not_kept(stage: SmsStage, provider: str) -> None:
    """As some do with all of a request that they do not understand."""

    def say_back(exchange: Any) -> None:
        head = stage.stub.requests[-1].partition(b"\r\n\r\n")[0].decode()
        body = json.dumps({"error": f"{head} {stage.secrets['token']} {WHSEC} {WHSEC[6:]}"}).encode()
        exchange.send(b"HTTP/1.1 400 No\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    stage.stub.play(say_back)
    secrets = {**stage.secrets, "signing": WHSEC}

    outcome = send(stage, Outlet(7, {**stage.settings, "provider": provider}, secrets))

    basic = base64.b64encode(f"{stage.settings['account']}:{stage.secrets['token']}".encode()).decode()
    assert "uthorization: …" in outcome.detail
    for one in (stage.secrets["token"], basic, WHSEC, WHSEC[6:]):
        assert one not in outcome.detail


@pytest.mark.django_db(transaction=True)
def test_a_suppressed_number_is_left_alone_however_it_is_written(acme: Tenant, stage: SmsStage) -> None:
    suppress("sms", [NUMBER], tenant_id=acme.pk, reason="STOP", now=db_now())
    assert suppressed_among("sms", ["+49 151 2345-6789"], tenant_id=acme.pk)
    text(channel_of(acme, stage), "+49 (151) 23456789")

    drain()

    assert states() == {"failed": 1}
    assert stage.ids == []
    assert Spending.objects.across_tenants().count() == 0
