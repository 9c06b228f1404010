"""What providers of mail report: it is believed when it is their own and new, and feeds the suppression list."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from channels_delivery.mail.providers import PROVIDERS
from channels_delivery.models import Channel, Receipt
from channels_delivery.outcome import Accepted
from channels_delivery.suppression import suppressed_among
from notifications.models import Tenant

from .backends.stage import SECRET
from .moves import finish, put, take

PARTS = {"subject": "Hello", "text": "Hello", "html": "<p>Hello</p>"}
BOB = "bob@acme.example"


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
def test_a_signature_of_mailguns_is_good_for_one_body(acme: Tenant) -> None:
    """It is over the time and the token only."""
    channel, first = channel_of(acme, "mailgun", SECRET), mailgun(datetime.now(UTC))
    others = [{"recipient": "eve@acme.example"}, {"event": "complained"}, {"event": "delivered", "id": "e-2"}]

    for given in [{}, *others]:
        assert told(channel, first | {"event-data": first["event-data"] | given}, headers={}) == 204

    assert events() == ["bounced"]
    assert not suppressed_among("email", ["eve@acme.example"], tenant_id=acme.pk)


@pytest.mark.django_db
def test_the_time_that_is_checked_is_the_one_that_was_signed(acme: Tenant) -> None:
    """A body that is a form to who looks for the signature, and JSON to who looks for the time."""
    channel, now = channel_of(acme, "mailgun", SECRET), datetime.now(UTC)
    old = mailgun(now - timedelta(days=30))["signature"]
    form = urlencode(old | {"event": "complained", "recipient": BOB})
    body = json.dumps({"signature": {"timestamp": str(int(now.timestamp()))}, "x": f"&{form}&x="})
    path = f"/callbacks/channels/{channel.public_id.hex}/"

    answer = Client().post(path, body, content_type="application/x-www-form-urlencoded")

    assert answer.status_code == 403
    assert events() == []


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
