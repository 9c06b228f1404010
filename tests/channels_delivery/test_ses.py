"""Reports of Amazon SES by SNS: of the channel's own topic, signed by Amazon, and asked for nowhere but at Amazon."""

import base64
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from channels_delivery.callbacks import sns
from channels_delivery.callbacks.event import Heard, Untrusted
from channels_delivery.callbacks.schemes import SCHEMES, scheme_of
from channels_delivery.callbacks.ses import BySns
from channels_delivery.channels import Setup, check
from channels_delivery.models import Channel, Delivery, Receipt
from channels_delivery.outbound.answer import Answer
from channels_delivery.outbound.policy import Rules
from channels_delivery.outbound.sync import SyncOutbound
from channels_delivery.outcome import Accepted
from channels_delivery.receipts import record
from channels_delivery.refusals import Invalid
from channels_delivery.retention import forget_receipts
from channels_delivery.suppression import suppressed_among
from notifications.models import Tenant

from .moves import finish, put, take
from .outbound.servers import Canary

pytestmark = pytest.mark.django_db(transaction=True)
TOPIC = "arn:aws:sns:eu-west-1:123456789012:bounces"
CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"
NOW = datetime.now(UTC)
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(*, until: timedelta = timedelta(days=30)) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(KEY.public_key())
    made = made.serial_number(1).not_valid_before(NOW - timedelta(days=60)).not_valid_after(NOW + until)
    return made.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


class Amazon:
    """What stands at the addresses of Amazon: it knows what it was asked for."""

    def __init__(self, body: bytes | None = None) -> None:
        self.asked: list[str] = []
        self.body = body or pem()

    def __call__(self, url: str) -> Answer:
        self.asked.append(url)
        return Answer(200, {}, self.body if url.endswith(".pem") else b"<Confirmed/>", 0.1)


@pytest.fixture
def amazon() -> Amazon:
    return Amazon()


@pytest.fixture
def channel(acme: Tenant) -> Channel:
    settings = {"host": "email-smtp.eu-west-1.amazonaws.com", "from": "news@acme.example"}
    return Channel.objects.create(tenant=acme, kind="email", name="ses", settings=settings, secrets={"webhook": TOPIC})


def message(said: Any = "", **fields: Any) -> dict[str, str]:
    """Signed as Amazon's documentation says it, with nothing of ours. A field None is left out."""
    made = {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Message": json.dumps(said),
        "Timestamp": NOW.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "SignatureVersion": "2",
        "SigningCertURL": CERTIFICATE,
        **fields,
    }
    made = {name: value for name, value in made.items() if value is not None}
    names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    text = "".join(f"{name}\n{made[name]}\n" for name in names if name in made)
    kind = hashes.SHA1() if made["SignatureVersion"] == "1" else hashes.SHA256()  # noqa: S303 - theirs
    made["Signature"] = base64.b64encode(KEY.sign(text.encode(), padding.PKCS1v15(), kind)).decode()
    return made


def bounce(address: str = "bob@acme.example", *, kind: str = "Permanent", message_id: str = "") -> dict[str, Any]:
    mail = {"messageId": "0100", "destination": [address], "headers": [{"name": "Message-ID", "value": message_id}]}
    about = {"bounceType": kind, "bouncedRecipients": [{"emailAddress": address, "diagnosticCode": "550 nobody"}]}
    return {"notificationType": "Bounce", "bounce": about, "mail": mail}


def read(channel: Channel, said: dict[str, str], amazon: Amazon) -> Any:
    return BySns(amazon).read(Heard("https://x", {}, json.dumps(said).encode(), NOW), channel, None)


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_hard_bounce_is_written_down_and_its_address_suppressed(
    channel: Channel, amazon: Amazon, version: str
) -> None:
    [delivery] = put(channel.tenant, "bob@acme.example", kind="email", channel=channel.pk)
    finish(take(), Accepted("250 Ok"))
    delivery.refresh_from_db()
    said = bounce(message_id=f"<{delivery.stable_id.hex}@acme.example>")

    reply = read(channel, message(said, SignatureVersion=version), amazon)
    assert [record(channel, reply.told, now=NOW) for _ in "ab"] == [1, 0]

    receipt = Receipt.objects.get(tenant=channel.tenant)
    assert (receipt.delivery_id, receipt.event, receipt.detail) == (delivery.pk, "bounced", "550 nobody")
    assert suppressed_among("email", ["bob@acme.example"], tenant_id=channel.tenant_id)
    assert amazon.asked == [CERTIFICATE]


def test_a_full_mailbox_is_no_bounce_for_good(channel: Channel, amazon: Amazon) -> None:
    [told] = read(channel, message(bounce(kind="Transient")), amazon).told

    assert (told.event, told.suppress) == ("failed", False)


@pytest.mark.parametrize(
    ("receiver", "subtype", "event"),
    [
        ({"diagnosticCode": "smtp; 550 5.1.1 user unknown"}, "NoEmail", "bounced"),
        ({"status": "5.1.1"}, "General", "bounced"),
        ({"diagnosticCode": "smtp; 550 5.7.1 policy", "status": "5.1.1"}, "General", "failed"),
        ({"diagnosticCode": "smtp; 552 5.2.2 mailbox full"}, "General", "failed"),
        ({"status": "5.1.1"}, "Suppressed", "bounced"),
        ({"status": "5.1.1"}, "OnAccountSuppressionList", "failed"),
    ],
)
def test_a_policy_a_full_mailbox_and_a_list_are_no_bounce_for_good(
    channel: Channel, amazon: Amazon, receiver: dict[str, str], subtype: str, event: str
) -> None:
    said = bounce()
    said["bounce"] |= {"bounceSubType": subtype, "bouncedRecipients": [{"emailAddress": "b@a.example", **receiver}]}

    [told] = read(channel, message(said), amazon).told

    assert (told.event, told.suppress) == (event, event == "bounced")


@pytest.mark.parametrize(("kind", "count"), [("abuse", 1), (None, 1), ("not-spam", 0), ("auth-failure", 0)])
def test_feedback_that_a_mail_was_wanted_is_no_complaint(
    channel: Channel, amazon: Amazon, kind: str | None, count: int
) -> None:
    about = {"complaintFeedbackType": kind, "complainedRecipients": [{"emailAddress": "b@a.example"}]}
    said = {"notificationType": "Complaint", "complaint": about, "mail": {"messageId": "0100", "destination": []}}

    told = read(channel, message(said), amazon).told

    assert [(one.event, one.suppress) for one in told] == [("complained", True)] * count


def test_another_channels_delivery_is_not_named(channel: Channel, amazon: Amazon, globex: Tenant) -> None:
    [theirs] = put(globex, "bob@acme.example", kind="email")
    Delivery.objects.filter(tenant=globex).update(stable_id=theirs.public_id)

    [told] = read(channel, message(bounce(message_id=f"<{theirs.public_id.hex}@a>")), amazon).told

    assert told.delivery is None


EVIL = [
    "",
    "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
    "https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0123456789abcdef.pem",
    "https://evil.example/SimpleNotificationService-0123456789abcdef.pem",
    "https://evil.example/sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
    "https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-0123456789abcdef.pem",
    "https://a:b@sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
    "https://sns.eu-west-1.amazonaws.com:8443/SimpleNotificationService-0123456789abcdef.pem",
    "https://sns.eu-west-1.amazonaws.com\\@evil.example/SimpleNotificationService-0123456789abcdef.pem",
    "https://sns.eu-west-1.amazonaws.com/../x/SimpleNotificationService-0123456789abcdef.pem",
    "https://sns.eu-west-1.amazonaws.com/bucket/SimpleNotificationService-0123456789abcdef.pem",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem?x=1",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem#x",
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem\n",
    "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
    "https://s3.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
    "https://sns.evil.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
    "https://xsns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
    "https://sns.eu-west-1.amazonaws.com./SimpleNotificationService-0123456789abcdef.pem",
    "https://ｓns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
    "https://169.254.169.254/SimpleNotificationService-0123456789abcdef.pem",
    "https://[::1]/SimpleNotificationService-0123456789abcdef.pem",
    "file:///etc/SimpleNotificationService-0123456789abcdef.pem",
]


@pytest.mark.parametrize("url", EVIL)
def test_a_certificate_is_taken_from_nowhere_else(channel: Channel, amazon: Amazon, url: str) -> None:
    with pytest.raises(Untrusted):
        read(channel, message(bounce(), SigningCertURL=url), amazon)

    assert amazon.asked == []


def confirmation(url: str | None = None, **fields: Any) -> dict[str, str]:
    given = {"Type": "SubscriptionConfirmation", "Token": "2336412f37", "Message": "Confirm."}
    proper = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription"
    return message(SubscribeURL=url or f"{proper}&TopicArn={TOPIC}&Token=2336412f37", **{**given, **fields})


def test_a_subscription_of_the_channels_topic_is_confirmed(channel: Channel, amazon: Amazon) -> None:
    assert read(channel, confirmation(), amazon).told == ()

    assert amazon.asked[0] == CERTIFICATE
    assert amazon.asked[1].startswith("https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&")


_ASK = "https://sns.eu-west-1.amazonaws.com/?Action="
_PATH = "/SimpleNotificationService-0123456789abcdef.pem"
_QUERY = f"/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37"
EVIL_CONFIRMATIONS = [
    *(one.replace(_PATH, _QUERY) for one in EVIL if one and "?" not in one and "#" not in one),
    f"{_ASK}DeleteTopic&TopicArn={TOPIC}&Token=2336412f37",
    f"{_ASK}ConfirmSubscription&TopicArn=arn:aws:sns:eu-west-1:999999999999:x&Token=2336412f37",
    f"{_ASK}ConfirmSubscription&TopicArn={TOPIC}&Token=other",
    f"{_ASK}ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37&x=1",
]


@pytest.mark.parametrize("url", EVIL_CONFIRMATIONS)
def test_a_confirmation_is_sent_nowhere_else_even_if_it_is_signed(channel: Channel, amazon: Amazon, url: str) -> None:
    with pytest.raises(Untrusted):
        read(channel, confirmation(url), amazon)

    assert amazon.asked in ([CERTIFICATE], [])


@pytest.mark.parametrize(
    "changed",
    [
        {"Message": json.dumps(bounce("eve@acme.example"))},
        {"MessageId": "other"},
        {"Subject": "added"},
        {"Timestamp": (NOW - timedelta(minutes=1)).isoformat()},
        {"Type": "SubscriptionConfirmation"},
        {"Type": "Anything"},
        {"TopicArn": "arn:aws:sns:eu-west-1:123456789012:other"},
        {"Signature": ""},
        {"Signature": "###"},
        {"SignatureVersion": "1"},
        {"SignatureVersion": "3"},
        {"Timestamp": "yesterday"},
        {"Timestamp": "2026-01-01T00:00:00"},
        {"Message": 7},
    ],
    ids=str,
)
def test_what_is_not_as_it_was_signed_is_not_believed(
    channel: Channel, amazon: Amazon, changed: dict[str, Any]
) -> None:
    with pytest.raises(Untrusted):
        read(channel, {**message(bounce()), **changed}, amazon)


@pytest.mark.parametrize("age", [timedelta(hours=1, minutes=1), timedelta(days=30), timedelta(minutes=-6)])
def test_what_is_old_is_not_believed(channel: Channel, amazon: Amazon, age: timedelta) -> None:
    with pytest.raises(Untrusted):
        read(channel, message(bounce(), Timestamp=(NOW - age).isoformat()), amazon)


def test_a_good_signature_of_somebody_elses_topic_is_not_believed(channel: Channel, amazon: Amazon) -> None:
    """Anybody may have Amazon sign: what they make of their own account is no report of ours."""
    with pytest.raises(Untrusted):
        read(channel, confirmation(TopicArn="arn:aws:sns:eu-west-1:666666666666:mine"), amazon)

    assert amazon.asked == []


@pytest.mark.parametrize("body", [pem(until=-timedelta(days=1)), b"no certificate", b""])
def test_a_certificate_that_is_none_or_over_is_not_believed(channel: Channel, body: bytes) -> None:
    amazon = Amazon()
    amazon.body = body

    with pytest.raises(Untrusted):
        read(channel, message(bounce()), amazon)


def test_where_amazons_name_leads_to_this_machine_nobody_is_asked(channel: Channel) -> None:
    canary = Canary()
    out = SyncOutbound(Rules(allow_ports=frozenset({canary.port})), lookup=lambda *_: ["127.0.0.1"])

    with pytest.raises(Untrusted):
        BySns(lambda url: out.get(url, headers={}, deadline=2)).read(
            Heard("https://x", {}, json.dumps(message(bounce())).encode(), NOW), channel, None
        )

    assert canary.visitors() == 0
    canary.close()


def test_only_mail_by_amazons_servers_is_read_so(channel: Channel) -> None:
    assert scheme_of(channel) is SCHEMES["email", "amazon"]
    for host in (
        "smtp.example.com",
        "email-smtp.eu-west-1.amazonaws.com.evil.example",
        "evil-email-smtp.amazonaws.com",
    ):
        channel.settings = {"host": host}
        assert scheme_of(channel) is None


def test_the_topic_is_checked_when_it_is_written(acme: Tenant) -> None:
    settings = {"host": "email-smtp.eu-west-1.amazonaws.com", "from": "news@acme.example"}
    check(Setup("email", "ses", settings, {"webhook": TOPIC}), tenant=acme)

    with pytest.raises(Invalid) as refused:
        check(Setup("email", "ses", settings, {"webhook": "user:password"}), tenant=acme)

    assert "ARN" in refused.value.errors["secrets.webhook"]


def test_receipts_of_no_delivery_go_after_their_time(channel: Channel, amazon: Amazon) -> None:
    reply = read(channel, message(bounce()), amazon)
    record(channel, reply.told, now=NOW - timedelta(days=100))
    later = read(channel, message(bounce("eve@acme.example"), MessageId=str(uuid.uuid4())), amazon)
    record(channel, later.told, now=NOW)

    assert forget_receipts(before=NOW - timedelta(days=90)) == 1
    assert forget_receipts(before=NOW - timedelta(days=90)) == 0
    assert Receipt.objects.filter(tenant=channel.tenant).count() == 1


def test_the_table_knows_no_other_host() -> None:
    assert sns._CERTIFICATE.fullmatch(CERTIFICATE)
