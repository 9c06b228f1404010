"""What is asked of the database, and what a choice may be; test_precedence.py has the rules."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from notifications.models import Recipient, Tenant
from preferences.decision import SEND, Skip, Subject, decide_many
from preferences.models import Choice
from tests.cast import crowd

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 14, 12, tzinfo=UTC)
INVOICE = Subject("invoice.due", "billing", "inbox")

YES, NO = True, False
BILLING = {"category": "billing"}
DUE = {"workflow": "invoice.due"}


def choose(person: Recipient, width: dict[str, str], *, wanted: bool) -> None:
    Choice.objects.create(tenant=person.tenant, recipient=person, wanted=wanted, **width)


def test_a_workflow_without_a_category_is_in_none(bob: Recipient) -> None:
    choose(bob, BILLING, wanted=NO)

    assert decide_many(Subject("x", "", "inbox"), [bob.pk], tenant_id=bob.tenant_id, now=NOW) == {bob.pk: SEND}


def test_everybody_gets_an_answer_of_their_own(alice: Recipient, bob: Recipient) -> None:
    choose(bob, DUE, wanted=NO)

    decided = decide_many(INVOICE, [alice.pk, bob.pk], tenant_id=alice.tenant_id, now=NOW)

    assert decided == {alice.pk: SEND, bob.pk: Skip("off_by_workflow")}


def test_choices_in_another_tenant_do_not_count(bob: Recipient, globex: Tenant) -> None:
    Choice.objects.create(tenant=globex, recipient=bob, wanted=NO)

    assert decide_many(INVOICE, [bob.pk], tenant_id=bob.tenant_id, now=NOW) == {bob.pk: SEND}


def test_nobody_asked_nobody_answered(acme: Tenant) -> None:
    assert decide_many(INVOICE, [], tenant_id=acme.pk, now=NOW) == {}


@pytest.mark.parametrize("size", [10, 1000])
def test_it_is_one_query_for_any_number(acme: Tenant, django_assert_num_queries: Any, size: int) -> None:
    people = crowd(acme, size)
    Choice.objects.bulk_create(Choice(tenant=acme, recipient=one, wanted=NO, **DUE) for one in people[::2])

    with django_assert_num_queries(1, connection=connection):
        decided = decide_many(INVOICE, [one.pk for one in people], tenant_id=acme.pk, now=NOW)

    assert sum(decision != SEND for decision in decided.values()) == size // 2


def test_a_choice_has_one_width(bob: Recipient) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        choose(bob, BILLING | DUE, wanted=NO)


def test_a_choice_is_made_once(bob: Recipient) -> None:
    choose(bob, DUE, wanted=NO)

    with pytest.raises(IntegrityError), transaction.atomic():
        choose(bob, DUE, wanted=YES)


@pytest.mark.parametrize(
    ("kind", "is_there"), [("", True), ("inbox", True), ("webhook", True), ("apprise", False), ("pigeon", False)]
)
def test_a_choice_names_a_channel_that_reaches_people(bob: Recipient, kind: str, is_there: bool) -> None:
    choice = Choice(tenant=bob.tenant, recipient=bob, kind=kind, wanted=NO)

    if is_there:
        choice.full_clean()
        return
    with pytest.raises(ValidationError, match="no channel"):
        choice.full_clean()
