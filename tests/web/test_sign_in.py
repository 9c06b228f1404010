"""Signing in; and stepping into somebody's shoes, where a site is only a demo."""

import pytest
from django.test import Client
from pytest_django import Settings

from notifications.models import Recipient
from notifyhub import demo

from .pages import words


@pytest.fixture
def demo_site(settings: Settings, db: None) -> None:
    settings.NOTIFYHUB_DEMO = True
    demo.fill()


def test_the_right_password_leads_to_the_inbox(client: Client, alice: Recipient) -> None:
    response = client.post("/sign-in/", {"username": "alice@acme", "password": "secret"})

    assert response.headers["Location"] == "/inbox/"


def test_a_wrong_one_says_so_and_keeps_the_name(client: Client, alice: Recipient) -> None:
    response = client.post("/sign-in/", {"username": "alice@acme", "password": "guess"})

    assert "Please enter a correct username and password" in words(response)
    assert 'value="alice@acme"' in response.content.decode()
    assert "guess" not in response.content.decode()


def test_one_is_taken_where_one_wanted_to_go(client: Client, alice: Recipient) -> None:
    form = {"username": "alice@acme", "password": "secret", "next": "/playground/"}

    assert client.post("/sign-in/", form).headers["Location"] == "/playground/"


def test_but_not_to_another_site(client: Client, alice: Recipient) -> None:
    form = {"username": "alice@acme", "password": "secret", "next": "https://evil.example/"}

    assert client.post("/sign-in/", form).headers["Location"] == "/inbox/"


def test_a_real_site_has_no_buttons_for_others(client: Client, settings: Settings, db: None) -> None:
    demo.fill()
    settings.NOTIFYHUB_DEMO = False

    assert "step into" not in words(client.get("/sign-in/"))
    assert client.post("/sign-in/as/", {"username": "ana"}).status_code == 404
    assert client.get("/inbox/").status_code == 302


def test_a_demo_signs_in_with_one_click(client: Client, demo_site: None) -> None:
    assert "Ana Lindqvist" in words(client.get("/sign-in/"))

    response = client.post("/sign-in/as/", {"username": "ana", "next": "/playground/"})

    assert response.headers["Location"] == "/playground/"
    assert client.get("/playground/").status_code == 200


def test_the_click_does_not_let_in_who_has_a_password_of_their_own(
    client: Client, demo_site: None, alice: Recipient
) -> None:
    assert client.post("/sign-in/as/", {"username": "alice@acme"}).status_code == 404
    assert client.get("/inbox/").status_code == 302


def test_the_click_leads_to_no_other_site(client: Client, demo_site: None) -> None:
    response = client.post("/sign-in/as/", {"username": "ana", "next": "//evil.example/"})

    assert response.headers["Location"] == "/inbox/"


def test_a_demo_without_its_data_offers_nobody(client: Client, settings: Settings, db: None) -> None:
    settings.NOTIFYHUB_DEMO = True

    assert "step into" not in words(client.get("/sign-in/"))
