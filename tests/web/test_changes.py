"""What a person can do to their inbox, and that it takes a form of ours to do it."""

import uuid
from collections.abc import Callable

import pytest
from django.middleware.csrf import get_token
from django.test import Client, RequestFactory

from notifications import inbox
from notifications.models import InboxState, Recipient, State, Tab
from tests.cast import drop

from .pages import bell, visitor, words

ITEM = uuid.UUID(int=7)
POST_ONLY = [
    "/inbox/read-all/",
    "/inbox/seen/",
    "/tenant/",
    "/sign-out/",
    "/playground/check/",
    f"/runs/{ITEM}/cancel/",
    *(f"/inbox/{ITEM}/{verb}/" for verb in ("read", "unread", "archive", "unarchive", "delete")),
]


@pytest.mark.parametrize("path", POST_ONLY)
def test_a_link_changes_nothing(alice: Recipient, path: str) -> None:
    assert visitor(alice).get(path).status_code == 405


@pytest.mark.parametrize("path", [*POST_ONLY, "/playground/", "/sign-in/", "/sign-in/as/"])
def test_a_form_of_another_site_changes_nothing(alice: Recipient, path: str) -> None:
    response = visitor(alice, enforce_csrf_checks=True).post(path)

    assert response.status_code == 403
    assert "This form is too old" in words(response)


def test_a_form_of_ours_does(alice: Recipient) -> None:
    item = drop(alice, "Hello")
    hers = visitor(alice, enforce_csrf_checks=True)
    request = RequestFactory().get("/")
    token = get_token(request)
    hers.cookies["csrftoken"] = request.META["CSRF_COOKIE"]

    response = hers.post(f"/inbox/{item}/read/", {"csrfmiddlewaretoken": token})

    assert response.status_code == 302
    assert inbox.unread_count(alice).count == 0


def test_a_form_of_who_is_signed_out_leads_back_to_where_it_stood() -> None:
    answer = Client().post(f"/inbox/{ITEM}/archive/", {"next": "/inbox/?tab=errors"})
    elsewhere = Client().post(f"/inbox/{ITEM}/archive/", {"next": "https://evil.example/"})

    assert answer.headers["Location"] == "/sign-in/?next=/inbox/%3Ftab%3Derrors"
    assert elsewhere.headers["Location"] == "/sign-in/?next=/inbox/"


Before = Callable[[Recipient, list[uuid.UUID]], object]


@pytest.mark.parametrize(
    ("before", "verb", "state", "read"),
    [
        ([], "read", State.ACTIVE, True),
        (["read"], "unread", State.ACTIVE, False),
        ([], "archive", State.ARCHIVED, False),
        (["read"], "archive", State.ARCHIVED, True),
        (["archive"], "unarchive", State.ACTIVE, False),
        (["archive"], "delete", State.DELETED, False),
    ],
)
def test_each_button_does_what_it_says(
    alice: Recipient, before: list[str], verb: str, state: State, read: bool
) -> None:
    item, hers = drop(alice, "Hello"), visitor(alice)
    for earlier in before:
        hers.post(f"/inbox/{item}/{earlier}/")

    response = hers.post(f"/inbox/{item}/{verb}/")

    entry = inbox.get_item(alice, item)
    assert response.headers["Location"] == "/inbox/"
    assert entry is not None
    assert (entry.state, entry.read) == (state, read)


def test_doing_it_twice_is_doing_it_once(alice: Recipient) -> None:
    item, hers = drop(alice, "Hello"), visitor(alice)

    assert hers.post(f"/inbox/{item}/archive/").status_code == 302
    assert hers.post(f"/inbox/{item}/archive/").status_code == 302


def test_a_verb_we_do_not_have_is_not_found(alice: Recipient) -> None:
    item = drop(alice, "Hello")

    assert visitor(alice).post(f"/inbox/{item}/explode/").status_code == 404


def test_what_was_deleted_is_gone_for_good(alice: Recipient) -> None:
    item, hers = drop(alice, "Hello"), visitor(alice)
    hers.post(f"/inbox/{item}/delete/")

    assert hers.get(f"/inbox/{item}/").status_code == 404
    assert hers.post(f"/inbox/{item}/unarchive/").status_code == 404


def test_archiving_can_be_undone_from_the_message(alice: Recipient) -> None:
    item, hers = drop(alice, "Hello"), visitor(alice)

    page = hers.post(f"/inbox/{item}/archive/", follow=True).content.decode()

    assert "Archived." in page
    assert f'action="/inbox/{item}/unarchive/"' in page


def test_read_all_of_a_tab_leaves_the_others(alice: Recipient) -> None:
    drop(alice, "A review", tab=Tab.REVIEWS)
    drop(alice, "An error", tab=Tab.ERRORS)

    visitor(alice).post("/inbox/read-all/", {"tab": "reviews"})

    assert inbox.unread_count(alice).by_tab == {Tab.ERRORS: 1}


def test_read_all_without_a_tab_is_everything(alice: Recipient) -> None:
    drop(alice, "A review", tab=Tab.REVIEWS)
    drop(alice, "An error", tab=Tab.ERRORS)

    page = visitor(alice).post("/inbox/read-all/", follow=True)

    assert bell(page) == "Notifications, none unread"


def test_read_all_of_a_tab_there_is_not_reads_nothing(alice: Recipient) -> None:
    drop(alice, "Hello")

    assert visitor(alice).post("/inbox/read-all/", {"tab": "reveiws"}).status_code == 400
    assert inbox.unread_count(alice).count == 1


@pytest.mark.parametrize(
    ("asked", "led_to"),
    [
        ("/inbox/?tab=errors", "/inbox/?tab=errors"),
        ("", "/inbox/"),
        ("https://evil.example/", "/inbox/"),
        ("//evil.example/", "/inbox/"),
        ("/\\evil.example/", "/inbox/"),
        ("javascript:alert(1)", "/inbox/"),
    ],
)
def test_after_a_form_one_is_back_on_a_page_of_ours(alice: Recipient, asked: str, led_to: str) -> None:
    item = drop(alice, "Hello")

    response = visitor(alice).post(f"/inbox/{item}/read/", {"next": asked})

    assert response.headers["Location"] == led_to


def test_seen_is_a_watermark(alice: Recipient) -> None:
    drop(alice, "One")
    drop(alice, "Two")
    hers = visitor(alice)

    assert hers.post("/inbox/seen/", {"upto": "2"}).status_code == 204
    assert hers.post("/inbox/seen/", {"upto": "1"}).status_code == 204
    assert InboxState.objects.get(pk=alice.pk).seen_upto == 2


@pytest.mark.parametrize("upto", ["", "-1", "1.5", "²", "9" * 30])
def test_seen_refuses_what_is_no_place(alice: Recipient, upto: str) -> None:
    assert visitor(alice).post("/inbox/seen/", {"upto": upto}).status_code == 400


def test_signing_out_ends_it(alice: Recipient) -> None:
    hers = visitor(alice)

    hers.post("/sign-out/")

    assert hers.get("/inbox/").status_code == 302


def test_signing_out_needs_nobody_signed_in(client: Client, db: None) -> None:
    assert client.post("/sign-out/").status_code == 302
