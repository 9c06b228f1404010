"""From enqueue to a receiver that verifies what it got, and what its answers do."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from channels_delivery.backends.webhook import outcome_of, signed, signing_key
from channels_delivery.checks import check_keys
from channels_delivery.courier import drain
from channels_delivery.models import Channel
from channels_delivery.outbound.answer import Answer, Code, OutboundError
from channels_delivery.outbound.outcomes import no_answer
from channels_delivery.outcome import Delivered, Outcome, Permanent, Temporary
from channels_delivery.testing import Scripted

from .moves import attempts, lane, let_time_come, put, states
from .receiver import Receiver
from .webhooks import NEW, OLD, channel, post, receiver  # noqa: F401  the last two are fixtures

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of the specification's own documents and libraries."""
    body = b'{"test": 2432232314}'
    fields = signed(body, message_id="msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp=1614265330, keys=[signing_key(OLD)])

    assert fields["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!!", "whsec_é"])
def test_what_is_no_secret_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        signing_key(secret)


def test_a_receiver_gets_a_signed_post(channel: Channel, receiver: Receiver) -> None:  # noqa: F811
    one = post(channel, f"{receiver.origin}/hook", parts={"body": {"type": "session.escalated", "name": "Zoë"}})

    assert drain() == 1

    [got] = receiver.got
    assert got.signed_by(OLD)
    assert not got.signed_by(NEW)
    assert json.loads(got.body) == {"type": "session.escalated", "name": "Zoë"}
    assert got.headers["webhook-id"] == f"msg_{one.stable_id.hex}"
    assert (got.headers["X-Team"], got.headers["content-type"]) == ("support", "application/json")
    assert (states(), attempts(one)) == ({"delivered": 1}, ["delivered"])


def test_while_secrets_are_changed_both_verify(channel: Channel, receiver: Receiver) -> None:  # noqa: F811
    channel.secrets = {"signing": [NEW, OLD]}
    channel.save()
    post(channel, f"{receiver.origin}/hook")

    drain()

    assert receiver.got[0].signed_by(OLD)
    assert receiver.got[0].signed_by(NEW)


def test_a_retry_has_the_same_id_and_body_and_a_signature_of_its_own_time(
    channel: Channel,  # noqa: F811
    receiver: Receiver,  # noqa: F811
) -> None:
    receiver.answers["/hook"] = [(500, {}), (302, {"Location": f"{receiver.origin}/elsewhere"}), (200, {})]
    one = post(channel, f"{receiver.origin}/hook")
    for _ in range(3):
        drain()
        let_time_come()

    assert attempts(one) == ["retry", "retry", "delivered"]
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 1
    assert len({got.body for got in receiver.got}) == 1
    assert all(got.signed_by(OLD) and got.path == "/hook" for got in receiver.got)


def test_gone_ends_it_and_turns_the_channel_off(channel: Channel, receiver: Receiver) -> None:  # noqa: F811
    receiver.answers["/hook"] = [(410, {})]
    post(channel, f"{receiver.origin}/hook")
    drain()
    post(channel, f"{receiver.origin}/hook")

    drain()

    channel.refresh_from_db()
    assert channel.paused_at is not None
    assert (states(), len(receiver.got)) == ({"failed": 2}, 1)


def test_retry_after_keeps_the_whole_lane_back(channel: Channel, receiver: Receiver) -> None:  # noqa: F811
    receiver.answers["/hook"] = [(429, {"Retry-After": "600"})]
    post(channel, f"{receiver.origin}/hook")
    drain()
    post(channel, f"{receiver.origin}/hook")

    assert drain() == 0

    assert lane(channel.tenant).open_at is not None
    assert states() == {"pending": 2}


def test_addresses_of_this_machine_are_not_asked(channel: Channel, receiver: Receiver) -> None:  # noqa: F811
    other = receiver.origin.replace("127.0.0.1", "127.0.0.2")
    post(channel, f"{other}/hook")
    post(channel, "https://169.254.169.254/latest/meta-data")

    drain()

    assert (states(), receiver.got) == ({"failed": 2}, [])


def test_a_secret_is_nowhere_in_the_clear(channel: Channel) -> None:  # noqa: F811
    with connection.cursor() as cursor:
        cursor.execute("SELECT secrets FROM notifyhub_channels_delivery_channel")
        [(kept,)] = cursor.fetchall()

    assert OLD not in kept
    assert "MfKQ9r8" not in kept
    channel.refresh_from_db()
    assert channel.secrets == {"signing": [OLD]}


def test_a_channel_that_cannot_be_read_stops_no_other(channel: Channel, receiver: Receiver) -> None:  # noqa: F811
    broken = Channel.objects.create(tenant=channel.tenant, kind="webhook", name="other", secrets={"signing": [OLD]})
    with connection.cursor() as cursor:
        cursor.execute("UPDATE notifyhub_channels_delivery_channel SET secrets = 'x' WHERE id = %s", [broken.pk])
    post(broken, f"{receiver.origin}/broken")
    post(channel, f"{receiver.origin}/sound")

    drain()

    assert [got.path for got in receiver.got] == ["/sound"]
    assert states() == {"failed": 1, "delivered": 1}


def test_a_backend_that_raises_is_a_temporary_crash(channel: Channel, scripted: Scripted) -> None:  # noqa: F811
    class Broken:
        def pop(self, _: int) -> Outcome:
            raise ZeroDivisionError("oh")

        def __bool__(self) -> bool:
            return True

    scripted.says["bad"] = Broken()  # type: ignore[assignment]
    [one] = put(channel.tenant, "bad")

    assert drain() == 1

    one.refresh_from_db()
    assert (one.state, one.code) == ("pending", "crash")


def test_nothing_leaves_while_sending_is_off(
    channel: Channel,  # noqa: F811
    receiver: Receiver,  # noqa: F811
    settings: Any,
) -> None:
    post(channel, f"{receiver.origin}/hook")
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "ENABLED": False}

    assert drain() == 0
    assert (states(), receiver.got) == ({"pending": 1}, [])


def test_a_key_that_is_missing_is_told(channel: Channel, settings: Any) -> None:  # noqa: F811
    assert check_keys(databases=["default"]) == []
    settings.NOTIFYHUB_ENCRYPTION_KEYS = []

    assert [one.id for one in check_keys(databases=["default"])] == ["notifyhub.W023"]


@pytest.mark.parametrize(
    ("status", "retry_after", "expected"),
    [
        (200, None, Delivered("HTTP 200")),
        (204, None, Delivered("HTTP 204")),
        (410, None, Permanent("address", "HTTP 410 no", disable=True)),
        (413, None, Permanent("content", "HTTP 413 no")),
        (414, None, Permanent("content", "HTTP 414 no")),
        (431, None, Permanent("content", "HTTP 431 no")),
        (301, None, Temporary("provider", "HTTP 301 no")),
        (308, None, Temporary("provider", "HTTP 308 no")),
        (400, None, Temporary("provider", "HTTP 400 no")),
        (401, None, Temporary("auth", "HTTP 401 no")),
        (408, None, Temporary("provider", "HTTP 408 no")),
        (425, None, Temporary("provider", "HTTP 425 no")),
        (500, "60", Temporary("provider", "HTTP 500 no", retry_after=60)),
        (503, None, Temporary("provider", "HTTP 503 no", slow_lane=True)),
        (429, "-1", Temporary("rate_limited", "HTTP 429 no", slow_lane=True)),
        (429, "Sun, 01 Mar 2026 12:01:00 GMT", Temporary("rate_limited", "HTTP 429 no", 60, slow_lane=True)),
    ],
)
def test_each_status_has_its_outcome(status: int, retry_after: str | None, expected: Outcome) -> None:
    headers = {"Retry-After": retry_after} if retry_after else {}

    assert outcome_of(Answer(status, headers, b"no", 0.1), now=NOW) == expected


@pytest.mark.parametrize("code", Code)
def test_no_answer_is_tried_again_unless_it_is_a_matter_of_setup(code: Code) -> None:
    outcome = no_answer(OutboundError(code, "10.0.0.7 port 22"))

    assert isinstance(outcome, Permanent if code in {Code.REFUSED, Code.TLS} else Temporary)
    assert "10.0.0.7" not in outcome.detail
