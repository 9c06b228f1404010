"""Receivers verify what they got from us with the packages of Standard Webhooks and Svix, in Python and in Node."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from channels_delivery.backends.webhook import signed, signing_key
from channels_delivery.courier import drain
from channels_delivery.models import Channel, Delivery
from tests.services import find_verifiers
from tests.site.processes import wait_until

from .moves import attempts, let_time_come
from .receiver import Receiver
from .verifiers import PYPI, Verify, npm
from .webhooks import NEW, OLD, channel, post, receiver  # noqa: F401  the last two are fixtures

pytestmark = pytest.mark.django_db

BODY = {"type": "session.escalated", "data": {"name": "Zoë ✓", "text": "a\nb </b>", "none": None}}
PACKAGES = [("PyPI", name) for name in PYPI] + [pytest.param(("npm", name), marks=pytest.mark.node) for name in PYPI]

Send = Callable[[], Delivery]


@pytest.fixture(scope="module")
def in_node() -> Iterator[Mapping[str, Verify]]:
    with npm(find_verifiers().address) as packages:
        yield packages


@pytest.fixture(params=PACKAGES, ids=" ".join)
def verify(request: Any) -> Verify:
    registry, name = request.param
    packages = PYPI if registry == "PyPI" else request.getfixturevalue("in_node")
    return packages[name]


@pytest.fixture
def send(
    channel: Channel,  # noqa: F811
    receiver: Receiver,  # noqa: F811
    django_capture_on_commit_callbacks: Any,
) -> Send:
    """Puts a webhook into the outbox and has it tried once."""

    def send() -> Delivery:
        with django_capture_on_commit_callbacks(execute=True):
            one = post(channel, f"{receiver.origin}/hook", parts={"body": BODY})
        drain()
        return one

    return send


def test_a_webhook_verifies_by_its_own_secret_alone(verify: Verify, send: Send, receiver: Receiver) -> None:  # noqa: F811
    send()

    [got] = receiver.got
    assert verify(OLD, got.headers, got.body) == ""
    assert verify(NEW, got.headers, got.body) == "No matching signature found"


def test_while_secrets_change_both_the_old_and_the_new_verify(
    verify: Verify,
    send: Send,
    channel: Channel,  # noqa: F811
    receiver: Receiver,  # noqa: F811
) -> None:
    channel.secrets = {"signing": [NEW, OLD]}
    channel.save()

    send()

    [got] = receiver.got
    assert [verify(secret, got.headers, got.body) for secret in (OLD, NEW)] == ["", ""]


def test_what_was_changed_on_its_way_is_rejected(verify: Verify, send: Send, receiver: Receiver) -> None:  # noqa: F811
    send()

    [got] = receiver.got
    earlier = str(int(got.headers["webhook-timestamp"]) - 1)
    said = [
        verify(OLD, got.headers, got.body.replace(b"escalated", b"escalateD")),
        verify(OLD, got.headers, got.body + b" "),
        verify(OLD, {**got.headers, "webhook-id": "msg_0"}, got.body),
        verify(OLD, {**got.headers, "webhook-timestamp": earlier}, got.body),
    ]
    assert said == ["No matching signature found"] * 4


def test_an_attempt_of_301_seconds_ago_is_rejected(verify: Verify) -> None:
    def at(age: int) -> str:
        stamp = int(time.time()) - age
        return verify(OLD, signed(b"{}", message_id="msg_1", timestamp=stamp, keys=[signing_key(OLD)]), b"{}")

    assert at(240) == ""
    assert at(301) == "Message timestamp too old"


def test_each_try_verifies_with_the_same_id_and_a_time_of_its_own(
    verify: Verify,
    send: Send,
    receiver: Receiver,  # noqa: F811
) -> None:
    receiver.answers["/hook"] = [(500, {}), (200, {})]
    one = send()
    before = int(receiver.got[0].headers["webhook-timestamp"])
    assert wait_until(lambda: time.time() >= before + 1, seconds=5)
    let_time_come()

    drain()

    first, second = receiver.got
    assert attempts(one) == ["retry", "delivered"]
    assert [verify(OLD, got.headers, got.body) for got in (first, second)] == ["", ""]
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert int(second.headers["webhook-timestamp"]) > before
