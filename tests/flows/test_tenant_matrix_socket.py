"""Every verb of the socket, said by a stranger who names what is Acme's: nothing of Acme's is answered or changed.

A verb that is missing here fails the build."""

from typing import Any

import pytest
from django.db import transaction

from notifications import toast
from notifications.live.asked import VERBS
from notifications.models import Recipient
from tests.cast import drop
from tests.flows.test_tenant_matrix import everything_of
from tests.notifications.live.browser import Browser
from tests.notifications.live.conftest import browser, server  # noqa: F401  fixtures
from workflows import engine
from workflows.trigger import trigger

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

CANARY = "acme-canary"

MATRIX: dict[str, dict[str, Any]] = {
    "resume": {"cursor": "0.0"},
    "read": {"ids": ["<item>"]},
    "unread": {"ids": ["<item>"]},
    "archive": {"ids": ["<item>"]},
    "read_all": {"tab": "general"},
    "seen": {"upto": 1},
    "watch": {"watch": {"run": CANARY}},
    "unwatch": {"watch": {"run": CANARY}},
    "ping": {},
}


def test_every_verb_is_in_the_matrix() -> None:
    assert MATRIX.keys() == VERBS.keys()


@pytest.mark.parametrize("verb", MATRIX)
@pytest.mark.parametrize("tenant", [{}, {"tenant": "acme"}, {"tenant": 1}], ids=["own", "acme", "by number"])
def test_a_stranger_hears_nothing_and_changes_nothing(
    alice: Recipient,
    mallory: Recipient,
    hello: None,
    browser: type[Browser],  # noqa: F811
    verb: str,
    tenant: dict[str, Any],
) -> None:
    item = drop(alice, CANARY)
    trigger("hello", tenant=alice.tenant, payload={"name": CANARY}, transaction_id=CANARY)
    before = everything_of(alice.tenant)
    tab = browser(mallory)
    asked = {**MATRIX[verb], **({"ids": [str(item)]} if "ids" in MATRIX[verb] else {})}

    tab.say(type=verb, person=str(alice.public_id), **asked, **tenant)
    said = answers(tab)
    assert ("error" in {one["type"] for one in said}) is (bool(tenant) or verb == "watch")
    assert everything_of(alice.tenant) == before
    with transaction.atomic():
        engine.drain()
        toast.info(alice, CANARY)
        toast.info(alice.tenant, CANARY)

    assert CANARY not in str(said + answers(tab))


def answers(tab: Browser) -> list[dict[str, Any]]:
    """What has been said up to now."""
    tab.say(type="ping")
    said = [tab.frame()]
    while said[-1]["type"] != "pong":
        said.append(tab.frame())
    return said
