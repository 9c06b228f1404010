"""Who else waits, and who else is about: what a crowd's worker asks before it goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from workflows import engine
from workflows.trigger import trigger
from workflows.turns import ABOUT, NEWEST, others

pytestmark = pytest.mark.django_db(transaction=True)


def _tell(person: Recipient) -> None:
    trigger("hello", recipients=[person], payload={}, tenant=person.tenant)


@pytest.mark.usefixtures("hello")
def test_those_who_wait_are_named_and_are_about(acme: Tenant, globex: Tenant, mallory: Recipient) -> None:
    _tell(mallory)

    assert others([acme.pk], now=db_now()) == ([globex.pk], True)
    assert others([acme.pk, globex.pk], now=db_now()) == ([], False)


@pytest.mark.usefixtures("hello")
def test_whoever_has_been_told_is_about_for_a_moment_more(acme: Tenant, mallory: Recipient) -> None:
    _tell(mallory)
    engine.drain()

    assert others([acme.pk], now=db_now()) == ([], True)
    assert others([acme.pk], now=db_now() + 2 * ABOUT) == ([], False)


@pytest.mark.usefixtures("hello")
def test_one_among_the_newest_is_enough(acme: Tenant, alice: Recipient, mallory: Recipient) -> None:
    _tell(mallory)
    for _ in range(NEWEST - 1):
        _tell(alice)
    engine.drain()
    assert others([acme.pk], now=db_now() - timedelta(milliseconds=1)) == ([], True)

    _tell(alice)
    engine.drain()
    assert others([acme.pk], now=db_now()) == ([], False)
