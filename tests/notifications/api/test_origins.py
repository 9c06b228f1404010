"""Which pages of other origins may call the API, and with what."""

import pytest
from django.test import Client
from pytest_django import Settings

from notifications.edges import issue_token
from notifications.kernel.clock import db_now
from notifications.models import Recipient

SHOP = "https://shop.example.com"
PATH = "/api/v1/inbox/unread-count/"


@pytest.fixture(autouse=True)
def named(settings: Settings) -> None:
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "NOTIFICATIONS": {"LIVE_ORIGINS": [SHOP]}}


def ask_first(origin: str) -> dict[str, str]:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    return dict(Client().options(PATH, headers=asked).headers)


def test_a_browser_may_ask_first_for_a_page_of_a_named_origin(db: None) -> None:
    answer = ask_first(SHOP)

    assert answer["Access-Control-Allow-Origin"] == SHOP
    assert "Authorization" in answer["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{SHOP}.evil.example"])
def test_a_page_of_another_origin_is_not_let_in(db: None, origin: str) -> None:
    assert "Access-Control-Allow-Origin" not in ask_first(origin)


def test_a_page_with_a_token_reads_the_answer(alice: Recipient) -> None:
    token, _ = issue_token(alice, key=None, now=db_now())

    answer = Client().get(PATH, headers={"Origin": SHOP, "Authorization": f"Bearer {token}"})

    assert answer.status_code == 200
    assert answer["Access-Control-Allow-Origin"] == SHOP
    assert "Origin" in answer["Vary"]


def test_a_refusal_can_be_read_too(db: None) -> None:
    answer = Client().get(PATH, headers={"Origin": SHOP, "Authorization": "Bearer nothing"})

    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (401, SHOP)
