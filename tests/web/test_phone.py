"""The phones of the demo: a provider that checks who asks, and a page for those whose texts they are."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from channels_delivery.models import Channel, Receipt
from channels_delivery.suppression import suppress
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from notifyhub import phone
from notifyhub.phone import TEXTS, Account

from .pages import visitor, words

pytestmark = pytest.mark.django_db
NUMBER, TOKEN = "+46701740605", "the-token"


@pytest.fixture(autouse=True)
def _empty() -> Iterator[None]:
    TEXTS.drop(lambda _: True)
    yield
    TEXTS.drop(lambda _: True)


@pytest.fixture
def channel(acme: Tenant) -> Channel:
    given = {"provider": "twilio", "account": "ACdemo", "from": "+46701740600", "countries": ["SE"]}
    given["url"] = "http://127.0.0.1:8000/phone/acme"
    return Channel.objects.create(tenant=acme, kind="sms", name="sms", settings=given, secrets={"token": TOKEN})


def ask(account: str = "ACdemo", token: str = TOKEN, **fields: str) -> Any:
    basic = "Basic " + base64.b64encode(f"{account}:{token}".encode()).decode()
    said = {"To": NUMBER, "From": "+46701740600", "Body": "Cell <7> has stopped"} | fields
    path = f"/phone/acme/2010-04-01/Accounts/{account}/Messages.json"
    return Client().post(path, said, headers={"Authorization": basic})


def test_what_is_asked_for_properly_arrives(channel: Channel, alice: Recipient) -> None:
    answer = ask()

    page = visitor(alice).get("/phone/acme/").content.decode()
    assert answer.status_code == 201
    assert answer.json()["sid"].startswith("SM")
    assert "Cell &lt;7&gt; has stopped" in page
    assert NUMBER in page


@pytest.mark.parametrize(
    ("given", "status"),
    [({"token": "wrong-token"}, 401), ({"account": "ACother"}, 404), ({"Body": ""}, 400), ({"To": "070"}, 400)],
)
def test_anything_else_does_not(channel: Channel, given: dict[str, str], status: int) -> None:
    assert ask(**given).status_code == status
    assert TEXTS.newest_first() == []


def test_a_stranger_sees_no_phones_and_answers_nothing(channel: Channel, mallory: Recipient) -> None:
    ask()

    assert visitor(mallory).get("/phone/acme/").status_code == 404
    assert visitor(mallory).get("/phone/acme/state/").status_code == 404
    said = {"number": NUMBER, "words": "STOP"}
    assert visitor(mallory).post("/phone/acme/answer/", said).status_code == 404
    assert visitor(mallory).get("/phone/globex/").status_code == 200
    assert not Receipt.objects.across_tenants().exists()


def test_a_member_is_told_why_it_is_not_open(channel: Channel, bob: Recipient) -> None:
    assert visitor(bob).get("/phone/acme/").status_code == 403


def test_a_phone_that_said_stop_says_so(channel: Channel, alice: Recipient) -> None:
    ask()
    suppress("sms", [NUMBER], tenant_id=channel.tenant_id, reason="STOP", now=db_now())

    said = words(visitor(alice).get("/phone/acme/"))

    assert "Gets no more SMS." in said
    assert "Answer START" in said


def test_an_account_without_a_token_lets_nobody_in() -> None:
    status, _said = phone.take({"To": NUMBER, "Body": "x"}, "Basic QUM6", Account("AC", ""), tenant_id=1)

    assert status == 401
