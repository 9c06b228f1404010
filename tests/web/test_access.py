"""Who may open which page, and what they are told if they may not."""

import uuid

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from pytest_django import Settings

from notifications.models import Recipient, Role, Tenant
from tests.cast import member

from .pages import visitor, words

SOME = uuid.UUID(int=7)
PAGES = ["/inbox/", f"/inbox/{SOME}/", "/playground/", f"/runs/{SOME}/", f"/runs/{SOME}/state/"]
POSTS = [
    "/inbox/read-all/",
    "/inbox/seen/",
    f"/inbox/{SOME}/read/",
    "/tenant/",
    "/playground/",
    "/playground/check/",
    f"/runs/{SOME}/cancel/",
]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.django_db
def test_a_stranger_is_asked_to_sign_in_and_then_taken_there(client: Client, path: str) -> None:
    response = client.get(path)

    assert response.status_code == 302
    assert response.headers["Location"] == f"/sign-in/?next={path}"


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.django_db
def test_a_stranger_changes_nothing(client: Client, path: str) -> None:
    response = client.post(path)

    assert response.headers["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("path", ["/inbox/", "/playground/"])
@pytest.mark.django_db
def test_somebody_of_no_tenant_gets_a_friendly_page(client: Client, path: str) -> None:
    client.force_login(get_user_model().objects.create_user("nobody"))

    response = client.get(path)

    assert response.status_code == 403
    assert "You are not a member of any organisation yet" in words(response)


@pytest.mark.django_db
def test_who_was_removed_from_the_tenant_has_no_inbox_any_more(bob: Recipient) -> None:
    Recipient.objects.filter(tenant=bob.tenant, pk=bob.pk).update(active=False)

    assert visitor(bob).get("/inbox/").status_code == 403


@pytest.mark.parametrize(
    ("role", "is_staff", "demo", "status"),
    [
        (Role.OWNER, False, False, 200),
        (Role.ADMIN, False, False, 200),
        (Role.MEMBER, False, False, 403),
        (Role.MEMBER, True, False, 200),
        (Role.MEMBER, False, True, 200),
    ],
)
def test_the_playground_is_for_those_who_run_the_tenant(
    acme: Tenant, settings: Settings, role: str, is_staff: bool, demo: bool, status: int
) -> None:
    settings.NOTIFYHUB_DEMO = demo
    person = member(acme, "carol", role=role)
    get_user_model().objects.filter(pk=person.user_id).update(is_staff=is_staff)

    assert visitor(person).get("/playground/").status_code == status


def test_who_may_not_use_the_playground_is_told_why(bob: Recipient) -> None:
    response = visitor(bob).get("/playground/")

    assert "open to the owners and admins of Acme" in words(response)


def test_the_front_page_leads_to_the_inbox_or_to_the_door(client: Client, alice: Recipient) -> None:
    assert client.get("/").headers["Location"] == "/sign-in/"
    assert visitor(alice).get("/").headers["Location"] == "/inbox/"


def test_an_unknown_address_says_so_in_the_frame_of_the_site(alice: Recipient) -> None:
    response = visitor(alice).get("/nowhere/")

    assert response.status_code == 404
    assert "There is nothing at this address" in words(response)


def test_a_page_that_breaks_still_looks_like_ours(alice: Recipient, rf) -> None:  # type: ignore[no-untyped-def]
    from django.views.defaults import server_error

    response = server_error(rf.get("/"))

    assert response.status_code == 500
    assert "Something broke on our side" in words(response)
