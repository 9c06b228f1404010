"""The page of people's own places: added, proven and taken away; what was typed stays where it is wrong."""

from typing import Any

import pytest
from django.test import Client

from channels_delivery import endpoints
from channels_delivery.models import Endpoint
from channels_delivery.own import places
from channels_delivery.own.codes import TRIES
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from tests.channels_delivery.own import MAIL, add, code_for

from .pages import visitor

pytestmark = pytest.mark.django_db
PAGE = "/places/"


@pytest.fixture
def bob_there(bob: Recipient) -> Client:
    return visitor(bob)


def said(client: Client, act: str, **given: Any) -> Any:
    return client.post(PAGE, {"act": act, **given})


def test_it_shows_what_the_host_knows_and_what_can_be_added(acme: Tenant, bob: Recipient, bob_there: Client) -> None:
    Recipient.objects.filter(tenant=acme, pk=bob.pk).update(email="bob@acme.example", phone="+4915123456789")
    page = bob_there.get(PAGE).content.decode()

    assert all(one in page for one in ("bob@acme.example", "+4915123456789", 'value="slack"', 'value="webhook"'))
    assert 'value="sms"' not in page  # there is no channel for it


def test_a_place_is_added_proven_and_removed(bob: Recipient, bob_there: Client) -> None:
    assert said(bob_there, "add", kind="email", address=MAIL, label="Home").status_code == 303
    row = Endpoint.objects.get(tenant=bob.tenant_id)
    assert said(bob_there, "verify", place=row.public_id, code=code_for(row)).status_code == 303
    assert [one.verified_at is not None for one in places.listed(bob)] == [True]
    assert "Home" in bob_there.get(PAGE).content.decode()
    assert said(bob_there, "remove", place=row.public_id).status_code == 303
    assert places.listed(bob) == []


def test_what_is_wrong_stands_beside_what_was_typed(bob_there: Client) -> None:
    answer = said(bob_there, "add", kind="webhook", address="https://127.0.0.1/mine", label="Mine")
    page = answer.content.decode()

    assert answer.status_code == 400
    assert 'value="https://127.0.0.1/mine"' in page
    assert page.count("Must lead to a public address") == 1
    assert '<details class="nh-places__add" name="add" open>' in page


def test_a_wrong_code_counts_and_says_so_beside_its_place(bob: Recipient, bob_there: Client) -> None:
    row = add(bob)
    answer = said(bob_there, "verify", place=row.public_id, code="no")

    row.refresh_from_db()
    assert (answer.status_code, row.code_tries) == (400, TRIES - 1)
    assert f'id="problem-{row.public_id}"' in answer.content.decode()


def test_a_signing_secret_is_shown_once(bob: Recipient, bob_there: Client) -> None:
    answer = said(bob_there, "add", kind="webhook", address="https://hooks.example.com/mine")

    assert 'id="issued-signing">whsec_' in answer.content.decode()
    assert "whsec_" not in bob_there.get(PAGE).content.decode()


@pytest.mark.parametrize("act", ["verify", "code", "remove"])
def test_nobody_touches_a_place_of_somebody_else(alice: Recipient, bob: Recipient, act: str) -> None:
    row = add(bob)
    before = Endpoint.objects.filter(tenant=bob.tenant_id).values().get()

    answer = said(visitor(alice), act, place=row.public_id, code=code_for(row))

    assert answer.status_code in (303, 404)
    assert Endpoint.objects.filter(tenant=bob.tenant_id).values().get() == before
    assert not endpoints.remove(alice, row.public_id, now=db_now(), devices=False)


def test_an_unknown_form_is_no_error_of_ours(bob_there: Client) -> None:
    assert said(bob_there, "explode").status_code == 400
    assert said(bob_there, "remove", place="x").status_code == 404
    assert said(bob_there, "add", kind="nothing", address="x").status_code == 400
