"""Mail by a provider: its requests leave by our guarded client; what it reports is believed when it is its own."""

import asyncio
import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from channels_delivery import blocking
from channels_delivery.backend import Outlet
from channels_delivery.backends.email import BACKEND
from channels_delivery.mail.providers import PROVIDERS
from channels_delivery.models import Channel, Receipt
from channels_delivery.outcome import Accepted, Outcome, Permanent, Temporary
from channels_delivery.suppression import suppressed_among
from notifications.models import Tenant

from .backends.stage import SECRET
from .backends.stage_email_provider import ProviderStage
from .moves import finish, put, take
from .outbound.servers import Canary

PARTS = {"subject": "Hello", "text": "Hello", "html": "<p>Hello</p>"}
BOB = "bob@acme.example"


@pytest.fixture
def stage(settings: Any) -> Iterator[ProviderStage]:
    with ProviderStage() as one:
        settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": {"ALLOW_ORIGINS": one.origins}}
        yield one


def send(stage: ProviderStage, outlet: Outlet | None = None, **given: Any) -> Outcome:
    parcel = stage.parcel(PARTS)._replace(**given)

    async def once() -> Outcome:
        try:
            return await BACKEND.send(parcel, outlet or stage.outlet, deadline=2.0)
        finally:
            await BACKEND.close()

    return asyncio.run(once())


@pytest.mark.once
@pytest.mark.parametrize(
    ("status", "fields", "wanted"),
    [
        (401, "", Permanent("auth", disable=True)),
        (403, "", Permanent("auth", disable=True)),
        (413, "", Permanent("content")),
        (404, "", Permanent("provider")),
        (429, "Retry-After: 77\r\n", Temporary("rate_limited", retry_after=77.0, slow_lane=True)),
        (503, "", Temporary("provider", slow_lane=True)),
        (500, "", Temporary("provider")),
        (302, "Location: http://127.0.0.1:1/\r\n", Temporary("provider")),
    ],
)
def test_a_status_means(stage: ProviderStage, status: int, fields: str, wanted: Outcome) -> None:
    stage.say(status, {"Message": f"no {SECRET} here"}, fields)

    outcome = send(stage)

    assert replace(outcome, detail="") == wanted
    assert SECRET not in outcome.detail
    assert str(status) in outcome.detail


@pytest.mark.once
def test_a_secret_is_kept_in_no_part_where_the_words_are_cut(stage: ProviderStage) -> None:
    for room in range(700, 1_000, 20):
        stage.say(500, {"Message": f"{'x' * room} {SECRET}"})

        assert SECRET[:10] not in send(stage).detail


@pytest.mark.once
@pytest.mark.parametrize(("code", "suppress"), [(300, True), (406, False)])
def test_an_address_that_a_provider_refuses(stage: ProviderStage, code: int, suppress: bool) -> None:
    words = (
        f"Invalid 'To' address: '{BOB}'."
        if code == 300
        else f"Found inactive addresses: {BOB}. Inactive recipients bounced."
    )
    stage.say(422, {"ErrorCode": code, "Message": words})

    outcome = send(stage)

    assert isinstance(outcome, Permanent)
    assert (outcome.code, outcome.suppress) == ("address", suppress)


@pytest.mark.once
def test_the_delivery_goes_along_and_the_providers_id_is_kept(stage: ProviderStage) -> None:
    parcel = stage.parcel(PARTS)

    outcome = send(stage, public_id=parcel.public_id)

    [mail] = stage.mails
    assert mail["Metadata"] == {"notifyhub_delivery": parcel.public_id.hex}
    assert mail["From"] == "news@acme.example"
    assert isinstance(outcome, Accepted)
    assert outcome.detail.endswith("sent")


@pytest.mark.once
@pytest.mark.parametrize("provider", sorted(PROVIDERS))
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.1", "2130706433", "[::ffff:127.0.0.1]"])
def test_no_provider_is_a_way_to_this_machine(settings: Any, provider: str, host: str) -> None:
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": {}}
    canary, stage = Canary(), ProviderStage()
    secrets = {"api_key": SECRET, "secret_key": SECRET}
    for scheme in ("http", "https"):
        given = {"provider": provider, "api_url": f"{scheme}://{host}:{canary.port}/", "from": "news@acme.example"}

        outcome = send(stage, Outlet(7, given, secrets))

        assert replace(outcome, disable=False) == Permanent("config", "The address could not be reached.")
        assert "settings.api_url" in BACKEND.faults(given, secrets)
    assert canary.visitors() == 0
    canary.close()


@pytest.mark.once
@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_a_channel_says_what_its_provider_needs(name: str) -> None:
    faults = BACKEND.faults({"provider": name, "host": "smtp.acme.example"}, {})

    assert {"settings.host", "settings.from", "secrets.api_key"} <= set(faults)


@pytest.mark.once
def test_one_lane_gets_a_quarter_of_the_threads() -> None:
    running, most, lock, gate = [0], [0], threading.Lock(), threading.Event()

    def hang() -> None:
        with lock:
            running[0] += 1
            most[0] = max(running[0], most[0])
        gate.wait(10)
        with lock:
            running[0] -= 1

    async def crowd() -> str:
        stuck = [asyncio.ensure_future(blocking.run("greedy", hang, deadline=5.0)) for _ in range(50)]
        while running[0] < blocking.SHARE:
            await asyncio.sleep(0)
        said = await blocking.run("other", lambda: "free", deadline=2.0)
        assert running[0] == blocking.SHARE
        gate.set()
        await asyncio.gather(*stuck)
        return said

    assert asyncio.run(crowd()) == "free"
    assert most[0] == blocking.SHARE


@pytest.mark.once
def test_a_thread_whose_time_is_over_keeps_its_place_until_it_returns() -> None:
    gate = threading.Event()

    async def wait() -> None:
        for _ in range(blocking.SHARE):
            with pytest.raises(TimeoutError):
                await blocking.run("slow", lambda: gate.wait(10), deadline=0.05)
        with pytest.raises(TimeoutError):
            await blocking.run("slow", lambda: True, deadline=0.05)
        gate.set()
        assert await blocking.run("slow", lambda: True, deadline=5.0)

    asyncio.run(wait())


# -- what they report --------------------------------------------------------------------------------


def channel_of(tenant: Tenant, provider: str, webhook: str = f"acme:{SECRET}") -> Channel:
    given = {"provider": provider, "from": "news@acme.example"}
    secrets = {"api_key": SECRET, "webhook": webhook}
    return Channel.objects.create(tenant=tenant, kind="email", name=provider, settings=given, secrets=secrets)


def told(channel: Channel, said: Any, *, auth: str = f"acme:{SECRET}", headers: dict[str, str] | None = None) -> int:
    basic = "Basic " + base64.b64encode(auth.encode()).decode()
    path = f"/callbacks/channels/{channel.public_id.hex}/"
    body = said if isinstance(said, str) else json.dumps(said)
    fields = {"Authorization": basic} if headers is None else headers
    return Client().post(path, body, content_type="application/json", headers=fields).status_code


def postmark(record: str, **given: Any) -> dict[str, Any]:
    said = {"RecordType": record, "MessageID": "m-1", "ID": 42, "Email": BOB, "Recipient": BOB, "Metadata": {}}
    return said | {"DeliveredAt": "2026-03-01T12:00:00Z", "BouncedAt": "2026-03-01T12:00:00Z"} | given


def events() -> list[str]:
    return list(Receipt.objects.across_tenants().order_by("pk").values_list("event", flat=True))


@pytest.mark.django_db(transaction=True)
def test_a_report_finds_its_delivery(acme: Tenant) -> None:
    channel = channel_of(acme, "postmark")
    [one] = put(acme, BOB, kind="email", channel=channel.pk, parts=PARTS)
    finish(take(), Accepted())

    assert told(channel, postmark("Delivery", Metadata={"notifyhub_delivery": one.public_id.hex})) == 204

    [receipt] = Receipt.objects.filter(tenant=acme)
    assert (receipt.delivery_id, receipt.event, receipt.provider_id) == (one.pk, "delivered", "m-1")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("said", "event", "listed"),
    [
        (postmark("Bounce", Type="HardBounce"), "bounced", True),
        (postmark("Bounce", Type="SoftBounce"), "failed", False),
        (postmark("SpamComplaint", Type="SpamComplaint"), "complained", True),
    ],
)
def test_hard_bounces_and_complaints_suppress(acme: Tenant, said: Any, event: str, listed: bool) -> None:
    channel = channel_of(acme, "postmark")

    for _ in range(2):
        assert told(channel, said) == 204

    assert events() == [event]
    assert bool(suppressed_among("email", [BOB], tenant_id=acme.pk)) is listed


@pytest.mark.django_db
@pytest.mark.parametrize("provider", [name for name, one in PROVIDERS.items() if one.user_and_password])
def test_without_its_password_nobody_is_heard(acme: Tenant, settings: Any, provider: str) -> None:
    settings.ANYMAIL = {"WEBHOOK_SECRET": "site:password"}
    channel = channel_of(acme, provider)

    assert told(channel, postmark("SpamComplaint"), auth="site:password") == 403
    assert told(channel, postmark("SpamComplaint"), headers={}) == 403
    channel.secrets = {"api_key": SECRET}
    channel.save()
    assert told(channel, postmark("SpamComplaint")) == 403
    assert events() == []


def mailgun(at: datetime, key: str = SECRET) -> dict[str, Any]:
    stamp, token = str(int(at.timestamp())), "t" * 50
    signature = hmac.new(key.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    event = {"event": "failed", "severity": "permanent", "recipient": BOB, "id": "e-1", "reason": "bounce"}
    event |= {"timestamp": at.timestamp(), "message": {"headers": {"message-id": "m-1"}}}
    event["delivery-status"] = {"code": 550, "enhanced-code": "5.1.1", "message": "5.1.1 nobody"}
    return {"signature": {"timestamp": stamp, "token": token, "signature": signature}, "event-data": event}


@pytest.mark.django_db
def test_a_signed_report_has_to_be_signed_and_from_now(acme: Tenant) -> None:
    channel, now = channel_of(acme, "mailgun", SECRET), datetime.now(UTC)

    assert told(channel, mailgun(now, key="another"), headers={}) == 403
    assert told(channel, mailgun(now - timedelta(minutes=6)), headers={}) == 403
    assert told(channel, mailgun(now + timedelta(minutes=6)), headers={}) == 403
    assert told(channel, "{", headers={}) == 403
    assert events() == []
    assert told(channel, mailgun(now), headers={}) == 204
    assert events() == ["bounced"]
    assert suppressed_among("email", [BOB], tenant_id=acme.pk)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("reason", "status", "event", "listed"),
    [
        ("bounce", {"code": 550, "message": "5.7.1 blocked"}, "failed", False),
        ("bounce", {"code": 552, "enhanced-code": "5.2.2"}, "failed", False),
        ("old", {"code": 602, "message": ""}, "failed", False),
        ("suppress-unsubscribe", {"code": 606}, "stopped", True),
        ("suppress-complaint", {"code": 607}, "complained", True),
    ],
)
def test_what_mailgun_does_not_try_again_is_not_always_the_addresss_end(
    acme: Tenant, reason: str, status: dict[str, Any], event: str, listed: bool
) -> None:
    said = mailgun(datetime.now(UTC))
    said["event-data"] |= {"reason": reason, "delivery-status": status}

    assert told(channel_of(acme, "mailgun", SECRET), said, headers={}) == 204

    assert events() == [event]
    assert bool(suppressed_among("email", [BOB], tenant_id=acme.pk)) is listed


@pytest.mark.django_db
def test_a_body_that_was_written_anew_does_not_fit_its_signature(acme: Tenant) -> None:
    channel = channel_of(acme, "mailersend", SECRET)
    said = {"type": "activity.spam_complaint", "created_at": "2026-03-01T12:00:00Z", "data": {"id": "1"}}
    body = json.dumps(said)
    signature = {"Signature": hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()}

    assert told(channel, json.dumps(said, separators=(",", ":")), headers=signature) == 403
    assert told(channel, body, headers=signature) == 204


@pytest.mark.django_db
@pytest.mark.parametrize("rubbish", ["", "{", "[]", "null", '{"RecordType": {}}', "[" * 5000])
def test_rubbish_with_a_password_means_nothing(acme: Tenant, rubbish: str) -> None:
    for provider in ("postmark", "brevo", "sendgrid", "sparkpost", "mailjet"):
        assert told(channel_of(acme, provider), rubbish) in {204, 403}
    assert events() == []


@pytest.mark.django_db
def test_an_empty_secret_signs_nothing(acme: Tenant) -> None:
    channel = channel_of(acme, "mailgun", "")

    assert told(channel, mailgun(datetime.now(UTC), key=""), headers={}) == 403
    assert events() == []
