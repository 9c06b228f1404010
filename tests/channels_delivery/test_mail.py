"""Mail through the outbox: rows, retries, replays, and a channel that is turned off."""

from collections.abc import Iterator
from typing import Any

import pytest

from channels_delivery import outbox
from channels_delivery.courier import drain
from channels_delivery.models import Attempt, Channel, Delivery
from notifications.kernel.clock import db_now
from notifications.models import Tenant

from .mail.letters import PARTS
from .mail_server import DROP, MailServer
from .moves import attempts, deliveries, let_time_come, put, states

pytestmark = pytest.mark.django_db(transaction=True)
TEN = [f"p{n}@acme.example" for n in range(10)]
REFUSED = TEN[2:5]


@pytest.fixture
def server(settings: Any) -> Iterator[MailServer]:
    with MailServer() as listening:
        section = {"ALLOW_ORIGINS": [listening.origin]}
        settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": section}
        yield listening


@pytest.fixture
def channel(acme: Tenant, server: MailServer) -> Channel:
    given = {"host": "127.0.0.1", "port": server.port, "security": "none", "from": "news@acme.example"}
    return Channel.objects.create(tenant=acme, kind="email", name="mail", settings=given)


def post(channel: Channel, *addresses: str, **given: Any) -> list[Delivery]:
    return put(channel.tenant, *addresses, kind="email", channel=channel.pk, parts=PARTS, **given)


def test_of_ten_letters_three_are_refused_and_a_replay_sends_exactly_those(
    channel: Channel, server: MailServer
) -> None:
    for address in REFUSED:
        server.says("rcpt", "550 5.7.1 not today", about=address)
    sent = {one.address: one.stable_id for one in post(channel, *TEN)}

    assert drain() == 10
    assert sorted(server.recipients) == sorted(set(TEN) - set(REFUSED))
    assert states() == {"accepted": 7, "failed": 3}
    server.got.clear()
    again = outbox.replay(list(deliveries()), now=db_now())
    assert drain() == 3

    assert sorted(server.recipients) == sorted(one.address for one in again) == REFUSED
    assert states() == {"accepted": 10, "failed": 3}
    ids = {f"<{sent[one.rcpt_tos[0]].hex}@acme.example>" for one in server.got}
    assert {one.message["Message-ID"] for one in server.got} == ids


def test_one_that_cannot_come_now_is_tried_again_under_the_same_id(channel: Channel, server: MailServer) -> None:
    server.says("rcpt", "450 4.2.1 busy")
    server.says("content", DROP)
    [one] = post(channel, "bob@acme.example")
    for _ in range(3):
        drain()
        let_time_come()

    assert attempts(one) == ["retry", "retry", "accepted"]
    assert [got.message["Message-ID"] for got in server.got] == [f"<{one.stable_id.hex}@acme.example>"]


def test_a_server_that_wants_another_password_pauses_the_channel_and_not_the_people(
    channel: Channel, server: MailServer
) -> None:
    server.says("mail", "530 5.7.0 sign in first")
    [one] = post(channel, "bob@acme.example")
    drain()

    channel.refresh_from_db()
    one.refresh_from_db()
    assert channel.paused_at is not None
    assert (one.state, one.code) == ("failed", "auth")
    assert Attempt.objects.get(delivery_id=one.pk).detail == "530 5.7.0 sign in first"


def test_a_person_without_a_channel_gets_mail_by_the_sites_own_way(
    acme: Tenant, server: MailServer, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    put(acme, *TEN, kind="email", parts=PARTS)

    assert drain() == 10

    assert sorted(server.recipients) == TEN
    assert (states(), server.connections <= 4) == ({"accepted": 10}, True)


def test_two_tenants_with_one_server_share_no_connection(channel: Channel, globex: Tenant, server: MailServer) -> None:
    other = Channel.objects.create(tenant=globex, kind="email", name="mail", settings=channel.settings)
    post(channel, *TEN)
    post(other, *(address.replace("acme", "globex") for address in TEN))

    drain()

    by_tenant: dict[bool, set[int]] = {True: set(), False: set()}
    for got in server.got:
        by_tenant["acme" in got.rcpt_tos[0]].add(got.connection)
    assert not by_tenant[True] & by_tenant[False]
    assert states() == {"accepted": 20}
