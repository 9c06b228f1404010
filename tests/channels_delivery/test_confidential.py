"""A code is read where it was sent, and by nobody here: neither before it left, nor when it is repeated to us."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from channels_delivery import receipts
from channels_delivery.callbacks.event import Told
from channels_delivery.log import why_no_replay
from channels_delivery.models import Attempt, Channel, Delivery, Endpoint, Event, Message, Receipt, Suppression
from channels_delivery.outcome import Accepted, Delivered, Drop, Outcome, Permanent, Temporary
from channels_delivery.own.codes import LIFE
from channels_delivery.parcel import Parcel
from channels_delivery.privacy import export
from channels_delivery.retry import QUICK
from channels_delivery.settle import Result, settle
from channels_delivery.sweeps import expire
from notifications.kernel.clock import db_now
from notifications.kernel.privacy import Person
from notifications.models import Recipient

from .moves import attempts, deliveries, finish, let_time_come, put, take
from .own import *  # noqa: F403  Bob has an address of the host, and there is a receiver
from .own import MAIL, add, code_for
from .test_admin import page, staff, text

pytestmark = pytest.mark.django_db


def sent(row: Endpoint) -> Delivery:
    """What brings the code of this place."""
    return Delivery.objects.get(tenant=row.tenant_id, recipient=row.recipient_id)


def words(row: Endpoint) -> Any:
    return Message.objects.get(tenant=row.tenant_id).parts


def due() -> Sequence[Parcel]:
    let_time_come()
    return take()


def said(outcome: Outcome, row: Endpoint) -> str:
    """What is kept of it."""
    finish(due(), outcome)
    return Attempt.objects.get(delivery=sent(row).pk).detail


# -- not shown ---------------------------------------------------------------------------------------------------------


def test_an_admin_does_not_read_the_code_of_a_place_over_the_api(as_alice: APIClient, alice: Recipient) -> None:
    row = add(alice, written="somebody@else.example")
    code = code_for(row)

    shown = as_alice.get(f"/api/v1/deliveries/{sent(row).public_id}/")

    assert (shown.status_code, shown.json()["message"]) == (200, None)
    assert code not in shown.content.decode()


def test_nor_in_the_admin(alice: Recipient) -> None:
    row = add(alice, written="somebody@else.example")
    code, there, pk = code_for(row), staff(alice), sent(row).pk

    assert "bring somebody a code" in text(there, page("delivery", "change", pk))
    for view in ("change", "preview"):
        assert code not in text(there, page("delivery", view, pk))


def test_other_messages_are_shown_as_before(alice: Recipient, as_alice: APIClient) -> None:
    [other] = put(alice.tenant, "a@acme.example", kind="email", parts={"html": "<p>Hello</p>"})
    there: Client = staff(alice)

    assert "Hello" in as_alice.get(f"/api/v1/deliveries/{other.public_id}/").json()["message"]["parts"]["html"]
    assert "Hello" in text(there, page("delivery", "preview", other.pk))


# -- not repeated ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Delivered, "delivered"),
        (Accepted, "accepted"),
        (lambda words: Permanent("content", words), "failed"),
        (lambda words: Temporary("provider", words), "retry"),
    ],
)
def test_an_answer_that_repeats_the_code_is_not_kept(bob: Recipient, outcome: Any, state: str) -> None:
    row = add(bob)
    code = code_for(row)

    detail = said(outcome(f"HTTP 400 you said: {code} is your code"), row)

    assert detail
    assert code not in detail
    assert attempts(sent(row)) == [state]
    assert code not in json.dumps(export(Person(bob.tenant_id, (bob.pk,))), default=str)


def test_an_answer_without_words_stays_one(bob: Recipient) -> None:
    assert said(Delivered(), add(bob)) == ""


def test_our_own_words_of_what_was_not_sent_are_kept(bob: Recipient) -> None:
    row = add(bob)
    settle([Result(one, Drop("endpoint_off", "ours"), QUICK, 0.5, tried=False) for one in due()], now=db_now())

    assert Attempt.objects.get(delivery=sent(row).pk).detail == "ours"


@pytest.mark.parametrize(("begins", "stop"), [("STOP: ", True), ("", False)])
def test_whose_address_is_listed_may_still_take_it_back(bob: Recipient, begins: str, stop: bool) -> None:
    row = add(bob)
    code = code_for(row)
    said(Permanent("address", f"{begins}{code} is your code", suppress=True), row)

    [listed] = Suppression.objects.filter(tenant=bob.tenant_id)

    assert code not in listed.reason
    assert listed.reason.startswith("STOP") == stop


def test_what_a_provider_tells_later_is_not_kept_in_its_words(channel: Channel, bob: Recipient) -> None:
    row = add(bob)
    code, delivery = code_for(row), sent(row)
    Delivery.objects.filter(tenant=bob.tenant_id).update(channel=channel.pk)
    [other] = put(bob.tenant, "a", kind="webhook", channel=channel.pk)

    told = [
        Told(Event.BOUNCED, str(n), address=MAIL, delivery=one.public_id, detail=f"of {code}", suppress=True)
        for n, one in enumerate((delivery, other))
    ]
    receipts.record(channel, told, now=db_now())

    details = dict(Receipt.objects.filter(tenant=bob.tenant_id).values_list("delivery", "detail"))
    assert code not in details[delivery.pk]
    assert details[other.pk] == f"of {code}"


# -- not kept ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", [Delivered(), Permanent("address")])
def test_its_words_go_as_soon_as_it_has_ended(bob: Recipient, outcome: Outcome) -> None:
    row = add(bob)
    finish(due(), outcome)

    assert words(row) == {}
    refusal = why_no_replay(sent(row))
    assert refusal is not None


def test_they_stay_while_it_is_tried_again(bob: Recipient) -> None:
    row = add(bob)
    code = code_for(row)
    finish(due(), Temporary("provider"))

    assert code == code_for(row)


def test_they_go_when_it_could_not_be_sent_in_time(bob: Recipient) -> None:
    row = add(bob)

    assert expire(now=db_now() + LIFE + timedelta(seconds=1)) == 1
    assert words(row) == {}


def test_other_words_stay_when_theirs_go(bob: Recipient) -> None:
    put(bob.tenant, "a@acme.example", kind="email")
    finish(due())

    assert [one.parts for one in Message.objects.filter(tenant=bob.tenant_id)] == [{"body": {"type": "test.note"}}]
    assert deliveries().get().state == "delivered"
