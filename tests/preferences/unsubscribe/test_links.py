"""Links of a set of people: made in memory, one a person, and none where there is no page to lead to."""

import pytest
from django.test import override_settings
from pytest_django import Settings

from preferences.unsubscribe.links import links_of, settings_link
from preferences.unsubscribe.scope import Scope
from preferences.unsubscribe.tokens import scope_of
from tests.cast import statements

SITE = "https://hub.example.com"


def made(people: range, **given: str) -> dict[int, dict[str, str]]:
    about = {"kind": "email", "category": "billing", "workflow": "invoice.sent", "site": SITE} | given
    return {one: dict(slots) for one, slots in links_of(people, tenant_id=3, **about).items()}


@pytest.mark.django_db
def test_a_thousand_links_ask_the_database_nothing() -> None:
    with statements() as found:
        links = made(range(1, 1_001))

    assert found == []
    assert len({slots["unsubscribe"] for slots in links.values()}) == 1_000


def test_a_link_is_of_the_category_and_without_one_of_the_workflow() -> None:
    for given, scope in {
        "billing": Scope(3, 7, "email", category="billing"),
        "": Scope(3, 7, "email", workflow="invoice.sent"),
    }.items():
        url = made(range(7, 8), category=given)[7]["unsubscribe"]
        assert url.startswith(f"{SITE}/unsubscribe/")
        assert scope_of(url.split("/")[-2]) == scope


def test_a_site_that_has_not_said_where_it_is_has_no_links() -> None:
    assert made(range(7, 8), site="") == {}
    assert settings_link("") == ""


@override_settings(ROOT_URLCONF="notifications.api.urls")
def test_a_site_that_left_the_page_out_has_no_links() -> None:
    assert made(range(7, 8)) == {}


def test_a_mailbox_gets_the_same_token_as_a_subject(settings: Settings) -> None:
    settings.NOTIFYHUB = settings.NOTIFYHUB | {"PREFERENCES": {"UNSUBSCRIBE_MAILTO": "leave@hub.example.com"}}

    slots = made(range(7, 8))[7]

    assert slots["unsubscribe_mail"] == f"mailto:leave@hub.example.com?subject={slots['unsubscribe'].split('/')[-2]}"
