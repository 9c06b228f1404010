"""The outbox's last look: what waited is decided once more."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from channels_delivery.claim import take_these
from channels_delivery.models import Delivery
from channels_delivery.outcome import Delivered, Temporary
from channels_delivery.simulated import send_due
from notifications import visibility
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from notifications.targets import Target, mute
from preferences.models import Choice
from tests.cast import Publish, crowd, statements, workflow
from workflows import engine
from workflows.define import escalate, level, send_email
from workflows.door import gate
from workflows.explain import explain
from workflows.models import Run
from workflows.trigger import trigger

pytestmark = pytest.mark.django_db
DOC = {"type": "document", "id": "17"}


def nobody(pairs: Sequence[tuple[Recipient, Target]]) -> list[Any]:
    return []


def broken(pairs: Sequence[tuple[Recipient, Target]]) -> list[Any]:
    raise RuntimeError("down")


@pytest.fixture
def ana(acme: Tenant) -> Recipient:
    return crowd(acme, 1, prefix="ana", email="ana@example.org")[0]


def waiting(person: Recipient, publish: Publish, *steps: Any, **given: Any) -> None:
    """A mail about the document that failed once and waits."""
    publish(workflow("t", *(steps or [send_email(title="Mail")]), **given))
    trigger("t", tenant=person.tenant, recipients=[person], target=DOC, transaction_id="t-1")
    engine.drain()
    send_due(tenant_id=person.tenant_id, now=db_now(), sender=lambda _: Temporary("network"))


def later(person: Recipient, *, minutes: int = 10) -> Delivery:
    """Ten minutes on, with a receiver that takes everything."""
    send_due(tenant_id=person.tenant_id, now=db_now() + timedelta(minutes=minutes), sender=lambda _: Delivered())
    return Delivery.objects.get(tenant=person.tenant)


def test_what_is_still_wanted_leaves(ana: Recipient, publish: Publish) -> None:
    waiting(ana, publish)

    assert later(ana).state == "delivered"


def test_who_was_taken_out_is_not_told(ana: Recipient, publish: Publish) -> None:
    waiting(ana, publish)
    Recipient.objects.filter(tenant=ana.tenant).update(active=False)

    assert (later(ana).state, later(ana).code) == ("cancelled", "inactive")


def test_who_switched_it_off_meanwhile_is_not_told(ana: Recipient, publish: Publish) -> None:
    waiting(ana, publish)
    Choice.objects.create(tenant=ana.tenant, recipient=ana, workflow="t", wanted=False)

    assert (later(ana).state, later(ana).code) == ("cancelled", "off_by_workflow")


def test_who_muted_it_meanwhile_is_not_told_and_it_can_be_explained(ana: Recipient, publish: Publish) -> None:
    waiting(ana, publish)
    mute([ana], DOC)

    assert (later(ana).state, later(ana).code) == ("cancelled", "muted")
    assert "muted" in explain(Run.objects.get(tenant=ana.tenant), ana).codes


def test_who_may_not_see_it_any_more_is_not_told(ana: Recipient, publish: Publish) -> None:
    waiting(ana, publish)

    with visibility.answered_by(nobody):
        assert (later(ana).state, later(ana).code) == ("cancelled", "not_visible")


def test_where_nobody_can_say_it_waits(ana: Recipient, publish: Publish) -> None:
    waiting(ana, publish)

    with visibility.answered_by(broken):
        delivery = later(ana)

    assert (delivery.state, delivery.wait_reason) == ("pending", "held")
    assert later(ana, minutes=20).state == "delivered"


@pytest.mark.parametrize(
    ("steps", "given"),
    [
        ([send_email(title="Mail")], {"critical": True}),
        ([escalate(level(send_email(title="Mail"), minutes=60, important=True))], {}),
    ],
)
def test_what_is_critical_or_important_leaves_all_the_same(
    ana: Recipient, publish: Publish, steps: list[Any], given: dict[str, Any]
) -> None:
    waiting(ana, publish, *steps, **given)
    mute([ana], DOC)
    Choice.objects.create(tenant=ana.tenant, recipient=ana, wanted=False)

    assert later(ana).state == "delivered"


def test_the_gate_costs_the_same_for_one_and_for_twenty(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", send_email(title="Mail")))
    trigger("t", tenant=acme, recipients=crowd(acme, 20, email="x@example.org"), target=DOC)
    engine.drain()
    ids = list(Delivery.objects.filter(tenant=acme).values_list("pk", flat=True))
    parcels = take_these(ids, uuid4(), db_now(), timedelta(seconds=40))

    with statements() as one, visibility.answered_by(nobody):
        gate(parcels[:1], now=db_now())
    with statements() as many, visibility.answered_by(nobody):
        found = gate(parcels, now=db_now())

    assert len(one) == len(many) <= 7  # one of them for hours
    assert len(found) == 20
