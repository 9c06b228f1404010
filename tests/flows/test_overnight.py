"""A night: people in thirty zones are told three things while they sleep, and each gets one summary in their morning.

`make test` plays it with two thousand people; `make soak` with a hundred thousand.
"""

import os
from collections import Counter
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from channels_delivery.models import Delivery, Message
from notifications.models import Recipient, Tenant
from preferences import changing, holding
from preferences.changing import By
from preferences.models import HeldWords, Hold, TenantHabits, Via
from preferences.sooner import send_now
from tests.cast import Publish, crowd, statements, workflow
from workflows import catalogue, engine, releasing
from workflows.define import send_email
from workflows.explain import explain
from workflows.models import Outcome, Run
from workflows.trigger import Trigger, trigger_many

SOAK = os.environ.get("NOTIFYHUB_SOAK") == "1"
PEOPLE = 100_000 if SOAK else 2_000
pytestmark = [
    pytest.mark.postgres,
    pytest.mark.faults,
    pytest.mark.django_db(transaction=SOAK),  # so many rows in one transaction would be another story
]
NIGHT = [{"start": "22:00", "end": "07:00"}]
EVENING = datetime(2026, 1, 14, 2, tzinfo=UTC)
"""A moment at which it is night in all of these."""

ZONES = [
    "Europe/London",
    "Europe/Lisbon",
    "Africa/Abidjan",
    "Atlantic/Reykjavik",
    "Atlantic/Canary",
    "Europe/Berlin",
    "Europe/Paris",
    "Europe/Madrid",
    "Europe/Rome",
    "Europe/Oslo",
    "Africa/Lagos",
    "Africa/Algiers",
    "Europe/Athens",
    "Europe/Helsinki",
    "Europe/Kyiv",
    "Africa/Cairo",
    "Africa/Johannesburg",
    "Asia/Beirut",
    "Asia/Jerusalem",
    "Europe/Riga",
    "Africa/Maputo",
    "Africa/Tripoli",
    "Asia/Tehran",
    "Asia/Kabul",
    "America/Sao_Paulo",
    "America/Bahia",
    "America/Argentina/Buenos_Aires",
    "America/Montevideo",
    "America/Fortaleza",
    "America/St_Johns",
]


def night_falls(tenant: Tenant) -> None:
    TenantHabits.objects.create(tenant=tenant, quiet_hours=NIGHT)
    for number, zone in enumerate(ZONES):
        size = PEOPLE // len(ZONES) + (number < PEOPLE % len(ZONES))
        crowd(tenant, size, prefix=f"z{number}-", zone=zone, email="a@example.com")


def told_three_things(tenant: Tenant) -> None:
    everybody = [{"everyone": True}]
    for n in range(3):
        at = EVENING + timedelta(minutes=n)
        trigger_many([Trigger("t.night", {"n": n}, everybody)], tenant=tenant, clock=lambda at=at: at)  # type: ignore[misc]
        engine.drain(seconds=600, clock=lambda at=at: at)  # type: ignore[misc]


def morning_comes(tenant: Tenant) -> int:
    """From one due time to the next; how many batches were released."""
    batches = 0
    while (due := holding.next_due(tenant=tenant.pk)) is not None:
        batches += releasing.release_due(now=due, tenant=tenant.pk) is not None
    return batches


def test_everybody_gets_one_summary_in_their_own_morning_and_the_cost_is_by_the_thousand(
    acme: Tenant, publish: Publish
) -> None:
    publish(workflow("t.night", send_email(title="Number {{ payload.n }}")))
    night_falls(acme)

    with statements() as at_night:
        told_three_things(acme)
    with statements() as in_the_morning:
        batches = morning_comes(acme)

    zones = dict(Recipient.objects.filter(tenant=acme).values_list("pk", "zone"))
    left = list(Delivery.objects.filter(tenant=acme).values_list("recipient", "created_at", "message"))
    assert Counter(person for person, _, _ in left) == dict.fromkeys(zones, 1)
    for person, at, _ in left:
        local = at.astimezone(ZoneInfo(zones[person]))
        assert time(7) <= local.time() <= time(7, 2), (zones[person], local)
    titles = {said["subject"] for said in Message.objects.filter(tenant=acme).values_list("parts", flat=True)}
    assert titles == {"3 messages waited for you: Number 0"}
    assert Message.objects.filter(tenant=acme).count() <= batches
    assert HeldWords.objects.filter(tenant=acme).count() == 3
    assert not Hold.objects.filter(tenant=acme).exclude(ended_as="summary").exists()
    thousands = -(-PEOPLE // 1_000)
    instants = 7 * 9  # mornings of these zones, in the steps of the spread
    assert len(at_night) <= 3 * (60 + 25 * thousands)
    assert batches <= instants + thousands
    assert len(in_the_morning) <= 25 * batches
    print(  # noqa: T201  the figures of a soak
        f"\n{PEOPLE:,} people: {len(at_night):,} statements at night, {len(in_the_morning):,} in the morning"
        f" in {batches:,} batches; {Outcome.objects.count():,} outcomes"
    )


def test_a_change_made_at_night_is_honoured_in_the_morning(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t.night", send_email(title="Number {{ payload.n }}")))
    catalogue.publish_static()
    TenantHabits.objects.create(tenant=acme, quiet_hours=NIGHT)
    ana, ben, cem = crowd(acme, 3, zone="Europe/Berlin", email="a@example.com")
    told_three_things(acme)

    host, midnight = By("host", Via.HOST), EVENING + timedelta(hours=1)
    changing.change(ana, {"choices": [{"workflow": "t.night", "wanted": False}]}, by=host, now=midnight)
    changing.change(ben, {"quiet_hours": [{"start": "22:00", "end": "09:30"}]}, by=host, now=midnight)
    changing.change(cem, {"summaries": False}, by=host, now=midnight)
    morning_comes(acme)

    left = Delivery.objects.filter(tenant=acme).order_by("pk").values_list("recipient", "created_at")
    found: dict[int, list[str]] = {}
    for person, at in left:
        found.setdefault(person, []).append(at.astimezone(ZoneInfo("Europe/Berlin")).strftime("%H"))
    assert found == {ben.pk: ["09"], cem.pk: ["07"] * 3}
    reasons = Hold.objects.filter(tenant=acme, recipient=ana).values_list("ended_as", flat=True)
    assert set(reasons) == {"off_by_workflow"}


def test_who_asks_for_it_at_night_gets_it_then_and_it_is_on_record(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t.night", send_email(title="Number {{ payload.n }}")))
    catalogue.publish_static()
    TenantHabits.objects.create(tenant=acme, quiet_hours=NIGHT)
    ana, ben = crowd(acme, 2, zone="Europe/Berlin", email="a@example.com")
    told_three_things(acme)
    midnight = EVENING + timedelta(minutes=30)

    counts = [send_now(ana, by=By("Ana", Via.PAGE), now=midnight) for _ in range(2)]
    while releasing.release_due(now=midnight, tenant=acme.pk) is not None:
        pass
    parcel = Delivery.objects.get(tenant=acme)

    assert counts == [3, 0]
    assert (parcel.recipient_id, parcel.created_at) == (ana.pk, midnight)
    assert Hold.objects.filter(tenant=acme, recipient=ben, ended_at__isnull=True).count() == 3
    assert parcel.origin is not None
    assert holding.hurried({(parcel.origin, ana.pk), (parcel.origin, ben.pk)}, tenant_id=acme.pk) == {
        (parcel.origin, ana.pk)
    }
    told = str(explain(run_told(acme), ana))
    assert "to have it sent at once" in told


def run_told(tenant: Tenant) -> Run:
    return Run.objects.filter(tenant=tenant).order_by("pk")[0]
