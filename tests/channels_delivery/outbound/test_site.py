"""From settings to rules: this machine stays closed on a public site, and mistakes are found by `manage.py check`."""

import asyncio
from typing import Any

import pytest

from channels_delivery.outbound.aio import Outbound
from channels_delivery.outbound.answer import Answer
from channels_delivery.outbound.policy import Refused, Target, check_url
from channels_delivery.outbound.site import check_outbound, rules
from channels_delivery.outbound.sync import SyncOutbound

from .servers import OK, Receiver

pytestmark = pytest.mark.once
CATCHER = "http://127.0.0.1:8000"


@pytest.fixture
def site(settings: Any) -> Any:
    def give(**given: Any) -> Any:
        settings.NOTIFYHUB = {"CHANNELS_DELIVERY": {key.upper(): value for key, value in given.items()}}
        return settings

    return give


def test_by_default_a_site_reaches_public_addresses_only(site: Any) -> None:
    site()

    assert isinstance(check_url("https://example.com/", rules()), Target)
    assert isinstance(check_url("https://10.20.0.7/", rules()), Refused)
    assert check_outbound() == []


def test_networks_and_ports_of_the_site(site: Any) -> None:
    site(allow_cidrs=["10.20.0.0/16"], allow_ports=[9443])

    assert isinstance(check_url("https://10.20.0.7:9443/", rules()), Target)
    assert check_outbound() == []


def test_this_machine_is_open_to_tests_and_closed_to_a_public_site(site: Any) -> None:
    site(allow_origins=[CATCHER]).NOTIFYHUB_LOOPBACK = True
    assert isinstance(check_url(CATCHER, rules()), Target)
    assert check_outbound() == []

    site(allow_origins=[CATCHER]).NOTIFYHUB_LOOPBACK = False
    assert isinstance(check_url(CATCHER, rules()), Refused)
    assert [message.id for message in check_outbound()] == ["notifyhub.E020"]


def test_both_clients_are_made_of_the_settings(site: Any) -> None:
    with Receiver(OK) as receiver:
        site(allow_origins=[receiver.address], connections_per_host=3, dns_threads=2).NOTIFYHUB_LOOPBACK = True

        async def once() -> Answer:
            async with Outbound.of_site() as out:
                return await out.get(receiver.address, headers={}, deadline=10.0, tenant=1)

        answers = [asyncio.run(once()), SyncOutbound.of_site().get(receiver.address, headers={}, deadline=10.0)]

    assert [answer.body for answer in answers] == [b"ok", b"ok"]
    assert [request.split(b" ")[0] for request in receiver.requests] == [b"GET", b"GET"]


@pytest.mark.parametrize(
    ("given", "number", "words"),
    [
        ({"allow_origins": ["http://10.0.0.1:80"]}, "E020", "this machine"),
        ({"allow_origins": ["http://127.0.0.1"]}, "E020", "127.0.0.1:8000"),
        ({"allow_cidrs": ["0.0.0.0/0"]}, "E021", "covers"),
        ({"allow_cidrs": ["127.0.0.0/8"]}, "E021", "127.0.0.0/8"),
        ({"allow_cidrs": ["127.0.0.1/32"]}, "E021", "covers"),
        ({"allow_cidrs": ["169.254.0.0/16"]}, "E021", "169.254"),
        ({"allow_cidrs": ["100.64.0.0/10"]}, "E021", "100.100.100.200"),
        ({"allow_cidrs": ["::1/128"]}, "E021", "covers"),
        ({"allow_cidrs": ["::ffff:10.0.0.0/104"]}, "E021", "covers"),
        ({"allow_cidrs": ["fc00::/7"]}, "E021", "fd00:ec2::"),
        ({"allow_cidrs": ["fe80::/64"]}, "E021", "fe80"),
        ({"allow_cidrs": ["ff02::/16"]}, "E021", "ff00"),
        ({"allow_cidrs": ["10.0.0.1/8"]}, "E021", "host bits"),
        ({"allow_cidrs": ["intranet"]}, "E021", "intranet"),
        ({"allow_ports": [0, 70000]}, "E022", "70000"),
    ],
)
def test_a_mistake_is_an_error(site: Any, given: dict[str, Any], number: str, words: str) -> None:
    site(**given)

    messages = check_outbound()

    assert {message.id for message in messages} == {f"notifyhub.{number}"}
    assert all(words in message.msg for message in messages)


def test_a_value_of_another_type_is_left_to_the_check_of_types(site: Any) -> None:
    site(allow_cidrs="10.0.0.0/8", allow_ports=443)

    assert check_outbound() == []
