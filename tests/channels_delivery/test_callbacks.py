"""What providers tell later: believed only when it is theirs and new, and never more than a fact beside a delivery."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from standardwebhooks import Webhook

from channels_delivery.models import Channel, Delivery, Receipt
from channels_delivery.outcome import Accepted
from channels_delivery.retention import forget_deliveries
from channels_delivery.suppression import suppressed_among
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from tests.cast import signed_in

from .callers import NUMBER, SITE, TOKEN, of, texting, twilio
from .moves import finish, put, take

pytestmark = pytest.mark.django_db(transaction=True)
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="


@pytest.fixture(autouse=True)
def _site(settings: Any) -> None:
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": {"SITE_URL": SITE}}


@pytest.fixture
def channel(acme: Tenant) -> Channel:
    return texting(acme)


@pytest.fixture
def delivery(channel: Channel) -> Delivery:
    [one] = put(channel.tenant, NUMBER, kind="sms", channel=channel.pk, parts={"text": "Hello"})
    finish(take(), Accepted("SM1 queued"))
    one.refresh_from_db()
    return one


def signed(path: str, said: Any, *, at: datetime | None = None, key: str = "msg_1", body: str | None = None) -> Any:
    text, at = json.dumps(said), at or datetime.now(UTC)
    headers = {
        "webhook-id": key,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(WHSEC).sign(key, at, text),
    }
    return Client().post(path, text if body is None else body, content_type="application/json", headers=headers)


def events() -> list[str]:
    return list(Receipt.objects.across_tenants().order_by("pk").values_list("event", flat=True))


def stopped(tenant: Tenant) -> bool:
    return bool(suppressed_among("sms", [NUMBER], tenant_id=tenant.pk))


def test_a_report_stands_beside_the_delivery_whose_state_stays(channel: Channel, delivery: Delivery) -> None:
    for state in ("queued", "sent", "delivered"):
        answer = twilio(of(delivery), MessageSid="SM1", MessageStatus=state, To=NUMBER)
        assert answer.status_code == 204

    found = Receipt.objects.filter(tenant=channel.tenant, delivery=delivery.pk).order_by("pk")
    assert list(found.values_list("event", "provider_id")) == [("sent", "SM1"), ("delivered", "SM1")]
    delivery.refresh_from_db()
    assert delivery.state == "accepted"


@pytest.mark.parametrize(
    ("code", "event", "listed"),
    [("30003", "failed", False), ("30006", "bounced", True), ("30005", "bounced", True), ("21610", "stopped", True)],
)
def test_what_a_failure_says_of_the_number(
    channel: Channel, delivery: Delivery, code: str, event: str, listed: bool
) -> None:
    twilio(of(delivery), MessageSid="SM1", MessageStatus="undelivered", ErrorCode=code)

    assert events() == [event]
    assert stopped(channel.tenant) is listed


@pytest.mark.parametrize("given", [{"signature": ""}, {"signature": "AAAA"}, {"token": "another-token"}])
def test_what_twilio_did_not_sign_is_not_heard(channel: Channel, given: dict[str, str]) -> None:
    answer = twilio(of(channel), MessageSid="SM2", From=NUMBER, Body="STOP", **given)

    assert answer.status_code == 403
    assert not stopped(channel.tenant)
    assert events() == []


def test_a_signature_is_for_one_address_and_one_form(channel: Channel, delivery: Delivery) -> None:
    said = {"MessageSid": "SM2", "From": NUMBER, "Body": "STOP"}
    text = SITE + of(channel) + "".join(name + said[name] for name in sorted(said))
    proper = base64.b64encode(hmac.new(TOKEN.encode(), text.encode(), hashlib.sha1).digest()).decode()

    assert twilio(of(delivery), signature=proper, **said).status_code == 403
    assert twilio(of(channel) + "?x=1", signature=proper, **said).status_code == 403
    assert twilio(of(channel), signature=proper, **(said | {"From": "+4915199999999"})).status_code == 403
    assert twilio(of(channel), signature=proper, **said).status_code == 200


def test_a_channel_without_a_token_believes_nobody(channel: Channel) -> None:
    channel.secrets = {}
    channel.save()

    assert twilio(of(channel), token="", MessageSid="SM2", From=NUMBER, Body="STOP").status_code == 403


@pytest.fixture
def own(acme: Tenant) -> Channel:
    return Channel.objects.create(
        tenant=acme,
        kind="sms",
        name="own",
        settings={"provider": "http", "url": "https://sms.example/", "from": "ACME", "countries": ["DE"]},
        secrets={"signing": WHSEC},
    )


def test_a_provider_of_ones_own_reports_signed_json(own: Channel) -> None:
    [one] = put(own.tenant, NUMBER, kind="sms", channel=own.pk, parts={"text": "Hello"})
    finish(take(), Accepted())

    assert signed(of(one), {"type": "delivered", "id": "x-1"}).status_code == 204
    assert signed(of(own), {"type": "stopped", "to": "+49 151 23456789"}, key="msg_2").status_code == 204

    assert events() == ["delivered", "stopped"]
    assert stopped(own.tenant)


@pytest.mark.parametrize("off", [timedelta(minutes=-6), timedelta(minutes=6)])
def test_what_is_not_from_now_is_not_heard(own: Channel, off: timedelta) -> None:
    assert signed(of(own), {"type": "stopped", "to": NUMBER}, at=datetime.now(UTC) + off).status_code == 403
    assert events() == []


def test_the_same_id_counts_once(own: Channel) -> None:
    for _ in range(2):
        assert signed(of(own), {"type": "stopped", "to": NUMBER}).status_code == 204

    assert events() == ["stopped"]


def test_a_body_that_was_written_anew_does_not_fit_its_signature(own: Channel) -> None:
    said = {"type": "stopped", "to": NUMBER}

    assert signed(of(own), said, body=json.dumps(said, separators=(",", ":"))).status_code == 403
    assert events() == []


def test_signed_rubbish_is_taken_and_means_nothing(own: Channel) -> None:
    for n, said in enumerate([[], {}, {"type": "stopped"}, {"type": "complained", "to": NUMBER}, "x", {"type": {}}]):
        assert signed(of(own), said, key=f"msg_{n}").status_code == 204
    assert events() == []


def test_nobody_reports_on_anothers_delivery(own: Channel, globex: Tenant, delivery: Delivery) -> None:
    """A provider's word is about the channel whose secret signed it."""
    assert signed(of(delivery), {"type": "delivered"}).status_code == 403
    assert events() == []


def test_an_address_of_nobody_is_not_there(db: None) -> None:
    assert Client().post("/callbacks/channels/" + "0" * 32 + "/").status_code == 404
    assert Client().post("/callbacks/deliveries/" + "0" * 32 + "/").status_code == 404
    assert Client().get("/callbacks/channels/" + "0" * 32 + "/").status_code == 405


def test_a_large_body_is_refused(own: Channel) -> None:
    assert Client().post(of(own), "x" * 600_000, content_type="text/plain").status_code == 413


def test_receipts_go_with_their_delivery(channel: Channel, delivery: Delivery) -> None:
    twilio(of(delivery), MessageSid="SM1", MessageStatus="delivered")
    twilio(of(channel), MessageSid="SM2", From=NUMBER, Body="STOP")

    forget_deliveries(before=db_now() + timedelta(days=1))

    assert events() == ["stopped"]


def test_who_looks_at_a_delivery_sees_what_was_told_of_it(
    channel: Channel, delivery: Delivery, alice: Recipient, bob: Recipient, admin_client: Client
) -> None:
    twilio(of(delivery), MessageSid="SM1", MessageStatus="undelivered", ErrorCode="30003")
    path = f"/api/v1/deliveries/{delivery.public_id}/"

    [told] = signed_in(alice).get(path).data["receipts"]
    page = admin_client.get(f"/admin/notifyhub_channels_delivery/delivery/{delivery.pk}/change/").content.decode()

    assert (told["event"], told["provider_id"], told["detail"]) == ("failed", "SM1", "undelivered 30003")
    assert "SM1" in page
    assert "undelivered 30003" in page
