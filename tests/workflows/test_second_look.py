"""What stood in the outbox for long is asked about again: dropped when it is not wanted any more, held in the night."""

from datetime import timedelta
from typing import Any

import pytest

from channels_delivery import simulated
from channels_delivery.models import Delivery
from channels_delivery.outcome import Delivered
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from preferences.models import Choice, Habits, TenantHabits
from tests.cast import Publish, crowd, workflow
from workflows import engine, releasing
from workflows.define import send_email
from workflows.trigger import trigger

from .test_releasing import ALWAYS, wake

pytestmark = pytest.mark.django_db
LATER = timedelta(minutes=2)


@pytest.fixture
def person(acme: Tenant, publish: Publish) -> Recipient:
    publish(workflow("t.mail", send_email(title="Mail")))
    publish(workflow("t.urgent", send_email(title="Mail"), critical=True))
    return crowd(acme, 1, email="a@example.com")[0]


def put(person: Recipient, key: str = "t.mail") -> None:
    trigger(key, tenant=person.tenant, recipients=[person])
    engine.drain()


def sent_after(wait: timedelta, person: Recipient) -> tuple[str, str]:
    """What comes of it when it leaves so long after: its state, and the code or why it waits."""
    simulated.send_due(tenant_id=person.tenant_id, now=db_now() + wait, sender=lambda _: Delivered())
    one = Delivery.objects.get(tenant=person.tenant_id)
    return one.state, one.code or one.wait_reason


def off(person: Recipient) -> None:
    Choice.objects.create(tenant=person.tenant, recipient=person, kind="email", wanted=False)


def asleep(person: Recipient, **given: Any) -> None:
    Habits.objects.create(tenant=person.tenant, recipient=person, quiet_hours=ALWAYS, **given)


def test_what_was_switched_off_meanwhile_is_dropped(person: Recipient) -> None:
    put(person)
    off(person)

    assert sent_after(LATER, person) == ("cancelled", "off_by_channel")


def test_what_leaves_at_once_is_not_asked_about(person: Recipient) -> None:
    put(person)
    off(person)

    assert sent_after(timedelta(), person) == ("delivered", "")


def test_who_went_to_sleep_meanwhile_gets_it_in_the_morning(person: Recipient) -> None:
    put(person)
    asleep(person)

    assert sent_after(LATER, person) == ("pending", "held")


def test_what_is_critical_leaves_all_the_same(person: Recipient) -> None:
    put(person, "t.urgent")
    off(person)
    asleep(person)

    assert sent_after(LATER, person) == ("delivered", "")


def test_how_often_somebody_wants_it_is_not_asked_twice(person: Recipient) -> None:
    put(person)
    Habits.objects.create(tenant=person.tenant, recipient=person, frequencies={"": "weekly"})

    assert sent_after(LATER, person) == ("delivered", "")


@pytest.mark.parametrize(("unwanted", "expected"), [(1, ("delivered", "")), (2, ("cancelled", "off_by_workflow"))])
def test_a_summary_leaves_as_long_as_one_of_its_messages_is_wanted(
    acme: Tenant, person: Recipient, publish: Publish, unwanted: int, expected: tuple[str, str]
) -> None:
    publish(workflow("t.other", send_email(title="Other")))
    TenantHabits.objects.create(tenant=acme, quiet_hours=ALWAYS)
    put(person)
    put(person, "t.other")
    wake(acme)
    releasing.release_all(tenant=acme.pk, clock=db_now)
    for key in ("t.mail", "t.other")[:unwanted]:
        Choice.objects.create(tenant=acme, recipient=person, workflow=key, wanted=False)

    assert sent_after(LATER, person) == expected
