"""The bell on a page of a host site: one line in any template."""

from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.template import Context, RequestContext, Template
from django.test import RequestFactory

from notifications.models import Recipient
from tests.cast import drop

from .pages import queries

LINE = Template("{% load notifyhub %}{% notifyhub_bell %}")


def a_request(person: Recipient | None) -> HttpRequest:
    request = RequestFactory().get("/shop/")
    request.session = SessionStore()
    request.user = person.user if person and person.user else AnonymousUser()
    return request


def test_one_line_is_enough(alice: Recipient) -> None:
    drop(alice, "Parcel arrived")
    request = a_request(alice)

    html = LINE.render(RequestContext(request))

    assert 'aria-label="Notifications, 1 unread"' in html
    assert "Parcel arrived" in html
    assert "bell.css" in html
    assert "bell.js" in html


def test_it_shows_the_latest_five(alice: Recipient) -> None:
    for number in range(7):
        drop(alice, f"Note {number}")

    html = LINE.render(RequestContext(a_request(alice)))

    assert [number for number in range(7) if f"Note {number}" in html] == [2, 3, 4, 5, 6]


def test_who_has_no_inbox_sees_no_bell(db: None) -> None:
    assert LINE.render(RequestContext(a_request(None))).strip() == ""


def test_a_template_without_a_request_is_not_broken_by_it() -> None:
    assert LINE.render(Context()).strip() == ""


def test_it_costs_four_queries(alice: Recipient) -> None:
    for number in range(30):
        drop(alice, f"Note {number}")
    request = a_request(alice)

    assert len(queries(lambda: LINE.render(RequestContext(request)))) == 4
