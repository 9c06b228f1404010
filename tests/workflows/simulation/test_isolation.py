"""A simulation leaves no trace: no row, no ring, no hint, no signal; it takes nobody's work and locks no rows."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, connections, transaction

from channels_delivery.models import Delivery
from channels_delivery.models.delivery import State
from channels_delivery.outcome import Permanent
from channels_delivery.signals import delivery_settled
from notifications.kernel import doorbell
from notifications.live import line
from notifications.models import Recipient, Tenant
from preferences.models import Choice
from tests.cast import Publish, run_named, topic, workflow
from workflows import engine
from workflows.define import Workflow, delay, send_email, send_inbox
from workflows.definition import Body
from workflows.models import Cohort, Run, Status
from workflows.simulate import Act, Cancel, Event, Fire, Persona, Wish, simulate
from workflows.trigger import trigger

DAY = timedelta(days=1)
FULL = [
    Event(Fire()),
    Event(Act("read", "alice"), timedelta(hours=1)),
    Event(Fire(), DAY),
    Event(Cancel("run-2"), 2 * DAY),
]


@pytest.fixture
def nag(publish: Publish) -> Workflow:
    return publish(workflow("nag", send_inbox(title="One"), delay(days=3), send_email(title="Two", skip_if_read=True)))


def play(tenant: Tenant, alice: Recipient) -> Any:
    return simulate(
        "nag",
        people=[alice, Persona("zoe", topics=["news"], wishes=[Wish("email")]), "yan"],
        events=FULL,
        tenant=tenant,
        sender=lambda _: Permanent("address", suppress=True),
    )


def fingerprints() -> dict[str, tuple[int, str]]:
    """How many rows each table has, and a checksum of them."""
    found = {}
    for model in apps.get_models():
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')
            rows = sorted(map(repr, cursor.fetchall()))
        found[model._meta.db_table] = len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found


@pytest.mark.django_db
def test_no_row_of_any_table_changes(acme: Tenant, alice: Recipient, nag: Workflow) -> None:
    topic(acme, "news", alice)
    Choice.objects.create(tenant=acme, recipient=alice, kind="webhook", wanted=False)
    trigger("nag", tenant=acme, recipients=[alice])
    engine.drain()
    before = fingerprints()

    timeline = play(acme, alice)

    assert len(timeline) > 10
    assert fingerprints() == before


@pytest.mark.django_db(transaction=True)
def test_nothing_is_rung_hinted_or_announced(acme: Tenant, alice: Recipient, nag: Workflow) -> None:
    heard: list[Any] = []
    doorbell.forget()

    def listen(*given: Any, **_: Any) -> None:
        heard.append(given)

    line.listen(listen)
    delivery_settled.connect(listen, sender=Delivery)
    try:
        play(acme, alice)
    finally:
        line.unlisten(listen)
        delivery_settled.disconnect(listen, sender=Delivery)

    assert heard == []
    assert not doorbell.RINGS


@pytest.mark.django_db
def test_in_the_transaction_of_a_caller_nothing_is_left_for_its_commit(
    acme: Tenant, alice: Recipient, nag: Workflow
) -> None:
    waiting = list(connection.run_on_commit)

    with transaction.atomic():
        play(acme, alice)
        after = Run.objects.across_tenants().count()

    assert (connection.run_on_commit, after) == (waiting, 0)


@pytest.mark.django_db
def test_the_work_of_real_tenants_is_left_alone(
    acme: Tenant, alice: Recipient, nag: Workflow, publish: Publish
) -> None:
    Recipient.objects.filter(tenant=acme).update(email="alice@acme.example")
    publish(workflow("mail", send_email(title="Mail")))
    trigger("mail", tenant=acme, recipients=[alice])
    asleep = run_named(trigger("nag", tenant=acme, recipients=[alice]).transaction_id)
    engine.drain()
    waiting = run_named(trigger("nag", tenant=acme, recipients=[alice]).transaction_id)
    wakes = Cohort.objects.get(tenant=acme, open=True).wake_at
    seen = []

    def look(parcel: Any) -> Permanent:
        """From within, three virtual days later."""
        runs = Run.objects.filter(tenant=acme, pk__in=[asleep.pk, waiting.pk]).order_by("pk")
        sent = Delivery.objects.filter(tenant=acme).values_list("state", flat=True)
        cohort = Cohort.objects.get(tenant=acme, open=True)
        seen.append((list(runs.values_list("status", flat=True)), list(sent), cohort.wake_at))
        return Permanent("address")

    simulate("nag", people=1, tenant=acme, lasts=30 * DAY, sender=look)

    assert seen == [([Status.PROCESSING, Status.PENDING], [State.PENDING], wakes)]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_a_simulation(acme: Tenant, alice: Recipient, nag: Workflow) -> None:
    """Not even who stores the very definition that is being simulated as a draft."""
    draft = {**nag.body.to_json(), "name": "A draft"}
    trigger("nag", tenant=acme, recipients=[alice])
    engine.drain()
    trigger("nag", tenant=acme, recipients=[alice])
    other = connections.create_connection("default")

    def meanwhile(parcel: Any) -> Permanent:
        with other.cursor() as cursor:
            cursor.execute("SET lock_timeout = '500ms'")
            cursor.execute("SELECT 1 FROM notifyhub_workflows_definition FOR UPDATE")
            cursor.execute("UPDATE notifyhub_notifications_tenant SET name = name")
            cursor.execute("UPDATE notifyhub_notifications_recipient SET name = name")
            cursor.execute(
                "INSERT INTO notifyhub_workflows_definition (hash, key, body, created_at)"
                " VALUES (%s, 'x', '{}', now()) ON CONFLICT DO NOTHING",
                [Body.from_json(draft).hash()],
            )
        return Permanent("address")

    try:
        timeline = simulate(draft, people=["a"], tenant=acme, sender=meanwhile)
    finally:
        other.close()

    assert timeline.only("failed")


@pytest.mark.django_db
def test_what_breaks_in_the_middle_leaves_nothing_either(acme: Tenant, alice: Recipient, nag: Workflow) -> None:
    def breaks(parcel: Any) -> Permanent:
        raise ZeroDivisionError

    before = fingerprints()

    with pytest.raises(ZeroDivisionError):
        simulate("nag", people=["a"], sender=breaks)

    assert fingerprints() == before
