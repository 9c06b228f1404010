"""`test/`: whoever asks gets a test on each of their channels, once, and is told what became of it."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from channels_delivery import suppression
from channels_delivery.courier import drain
from channels_delivery.models import Delivery
from channels_delivery.outcome import Permanent
from channels_delivery.testing import Scripted
from notifications.kernel.clock import db_now
from notifications.models import Recipient
from notifications.trying import TEST
from tests.channels_delivery.moves import let_time_come

pytestmark = pytest.mark.django_db
URL = "/api/v1/test/"


@pytest.fixture
def ways(bob: Recipient, scripted: Scripted) -> Recipient:
    Recipient.objects.filter(tenant=bob.tenant, pk=bob.pk).update(email="bob@acme.example", phone="")
    return bob


def states(answer: Any) -> dict[str, tuple[str, str]]:
    return {one["channel"]: (one["state"], one["code"]) for one in answer.json()["channels"]}


def send() -> None:
    let_time_come()
    drain()


def test_each_channel_says_what_happened_or_why_not(as_bob: APIClient, ways: Recipient) -> None:
    answer = as_bob.post(URL, {"channel": "all"})

    assert answer.status_code == 202
    told = states(answer)
    assert told["inbox"] == ("arrived", "")
    assert told["scripted"] == ("under_way", "")
    assert told["sms"] == told["push"] == ("not_possible", "no_address")
    send()
    again = as_bob.get(f"{URL}{answer.json()['id']}/")
    assert states(again)["scripted"] == ("arrived", "")


def test_one_channel_alone(as_bob: APIClient, ways: Recipient) -> None:
    assert set(states(as_bob.post(URL, {"channel": "scripted"}))) == {"scripted"}
    assert as_bob.get("/api/v1/inbox/").json()["results"] == []


def test_what_was_refused_says_so(as_bob: APIClient, ways: Recipient, scripted: Scripted) -> None:
    scripted.says["bob@acme.example"] = [Permanent("address", "550 no such mailbox")]
    answer = as_bob.post(URL, {"channel": "scripted"})
    send()

    told = as_bob.get(f"{URL}{answer.json()['id']}/")

    assert states(told) == {"scripted": ("failed", "address")}
    assert "550" not in told.content.decode()


def test_pressed_twice_it_comes_once(as_bob: APIClient, ways: Recipient) -> None:
    answers = [as_bob.post(URL).json()["id"] for _ in range(3)]

    rows = Delivery.objects.filter(tenant=ways.tenant, recipient=ways.pk, kind="scripted", message__notice_key=TEST)
    items = as_bob.get("/api/v1/inbox/").json()["results"]
    assert rows.count() <= len(set(answers)) <= 2  # two, where half a minute ended between them
    assert len(items) == 1


def test_a_suppressed_address_is_said(as_bob: APIClient, ways: Recipient) -> None:
    suppression.suppress("scripted", ["bob@acme.example"], tenant_id=ways.tenant_id, reason="550", now=db_now())

    assert states(as_bob.post(URL, {"channel": "scripted"})) == {"scripted": ("not_possible", "suppressed")}
    assert not Delivery.objects.filter(tenant=ways.tenant).exists()


def test_nobody_learns_of_the_test_of_another(as_bob: APIClient, as_alice: APIClient, ways: Recipient) -> None:
    mine = as_bob.post(URL).json()["id"]

    assert as_alice.get(f"{URL}{mine}/").status_code == 404


def test_a_channel_that_is_not_there_is_refused(as_bob: APIClient, ways: Recipient) -> None:
    answer = as_bob.post(URL, {"channel": "webhook"})

    assert answer.status_code == 400
    assert "inbox" in answer.json()["errors"]["channel"]
