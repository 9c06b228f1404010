"""`delay`: by each person's clock, those who wake at the same instant together, on the days when clocks change too."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notifications.models import Recipient, Tenant
from tests.cast import Publish, crowd, statements, titles, wake_everybody, workflow
from tests.workflows.steps.moves import cost, standing, start, told, walked
from workflows.conf import CHUNK
from workflows.define import StepSettings, delay, send, send_inbox
from workflows.models import Cohort
from workflows.planning import plan_step
from workflows.registry import problems_of
from workflows.step import Next, Sleep

pytestmark = pytest.mark.django_db

HELLO = send_inbox(title="x")
OFFICE = {day: [("09:00", "12:00"), ("13:00", "17:00")] for day in ("mon", "tue", "wed", "thu", "fri")}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def wakes(tenant: Tenant, publish: Publish, step: StepSettings, now: str, people: list[Recipient]) -> dict[str, str]:
    """Until when each sleeps who comes to this step at that time, by name; who goes on at once is not among them."""
    publish(workflow("t", step, HELLO))
    start(tenant, *people)
    scene = replace(standing(), now=utc(now))
    names = {one.pk: one.name for one in people}
    moves = [(move.people, move.to) for move in plan_step(scene).moves]
    assert {type(to) for _, to in moves} <= {Sleep, Next}
    asleep = [(some, to.until) for some, to in moves if isinstance(to, Sleep)]
    return {names[scene.ids[place]]: until.isoformat()[:16] for some, until in asleep for place in some}


def living(tenant: Tenant, *zones: str) -> list[Recipient]:
    people = [
        Recipient(tenant=tenant, external_id=f"z{n}", name=zone or "-", zone=zone) for n, zone in enumerate(zones)
    ]
    return Recipient.objects.bulk_create(people)


@pytest.mark.parametrize(
    ("step", "now", "until"),
    [
        (delay(at="09:00"), "2026-01-14T07:59", "2026-01-14T08:00"),
        (delay(at="09:00"), "2026-01-14T08:00", "2026-01-15T08:00"),
        (delay(at="09:00", weekdays=["mon", "fri"]), "2026-01-14T08:00", "2026-01-16T08:00"),
        (delay(at="02:30"), "2026-03-29T00:00", "2026-03-29T01:00"),
        (delay(at="02:30"), "2026-10-25T00:00", "2026-10-25T00:30"),
        (delay(at="02:30"), "2026-10-25T00:45", "2026-10-26T01:30"),
        (delay(working_hours=OFFICE), "2026-01-14T08:00", ""),
        (delay(working_hours=OFFICE), "2026-01-14T11:30", "2026-01-14T12:00"),
        (delay(working_hours=OFFICE), "2026-01-16T16:00", "2026-01-19T08:00"),
        (delay(working_hours=OFFICE), "2026-03-27T16:00", "2026-03-30T07:00"),
        (delay(working_hours={"sat": [("22:00", "02:30")]}), "2026-10-25T01:15", ""),
        (delay(working_hours={"sat": [("22:00", "24:00")]}), "2026-10-24T22:00", "2026-10-31T21:00"),
    ],
)
def test_by_the_clock_of_the_person(acme: Tenant, publish: Publish, step: StepSettings, now: str, until: str) -> None:
    people = living(acme, "Europe/Berlin")

    assert wakes(acme, publish, step, now, people) == ({"Europe/Berlin": until} if until else {})


def test_people_of_other_zones_wake_at_other_instants(acme: Tenant, publish: Publish) -> None:
    people = living(acme, "Europe/Berlin", "Europe/Paris", "Asia/Kathmandu", "America/New_York")

    assert wakes(acme, publish, delay(at="09:00"), "2026-01-14T12:00", people) == {
        "Europe/Berlin": "2026-01-15T08:00",
        "Europe/Paris": "2026-01-15T08:00",
        "Asia/Kathmandu": "2026-01-15T03:15",
        "America/New_York": "2026-01-14T14:00",
    }


@pytest.mark.parametrize(
    ("of_person", "of_tenant", "until"),
    [
        ("Asia/Tokyo", "Europe/Berlin", "2026-01-15T00:00"),
        ("", "Europe/Berlin", "2026-01-15T08:00"),
        ("Mars/Olympus", "Europe/Berlin", "2026-01-15T08:00"),
        ("", "Mars/Olympus", "2026-01-15T09:00"),
    ],
)
def test_the_zone_is_the_persons_else_the_tenants_else_utc(
    acme: Tenant, publish: Publish, of_person: str, of_tenant: str, until: str
) -> None:
    Tenant.objects.filter(pk=acme.pk).update(zone=of_tenant)
    (person,) = living(acme, of_person)

    assert wakes(acme, publish, delay(at="09:00"), "2026-01-14T12:00", [person]) == {person.name: until}


def test_those_who_wake_together_are_one_cohort_and_nobody_is_lost(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", delay(at="09:00"), HELLO))
    zones = ["Europe/Berlin", "Europe/Paris", "Asia/Kathmandu", "", "UTC"]
    people = living(acme, *zones * 20)

    run = told(acme, *people)

    open_ones = Cohort.objects.across_tenants().filter(open=True)
    assert sorted(len(one.people) for one in open_ones) == [20, 40, 40]

    wake_everybody()
    assert walked(run).status == "sent"
    assert {len(titles(one)) for one in people} == {1}


def test_a_team_lives_in_the_zone_of_its_tenant(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", delay(at="09:00"), send("webhook", title="x")))
    Tenant.objects.filter(pk=acme.pk).update(zone="Asia/Tokyo")
    start(acme, *living(acme, "Europe/Berlin"))
    scene = replace(standing(), now=utc("2026-01-14T12:00"))

    sleeps = {move.to.until: move.people for move in plan_step(scene).moves if isinstance(move.to, Sleep)}

    assert sleeps[utc("2026-01-15T00:00")] == scene.house


def test_as_many_statements_for_ten_people_as_for_a_thousand_of_the_same_zones(
    acme: Tenant, globex: Tenant, publish: Publish
) -> None:
    publish(workflow("t", delay(at="09:00"), HELLO))
    zones = ["Europe/Berlin", "America/New_York"]
    people = {acme: living(acme, *zones * 5), globex: living(globex, *zones * (CHUNK // 2))}
    cost(acme, people[acme][:1])

    few, many = (cost(tenant, of_tenant) for tenant, of_tenant in people.items())

    assert few == many


def test_a_delay_of_a_length_asks_nothing(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", delay(hours=1), HELLO))
    start(acme, *crowd(acme, 3))
    scene = standing()

    with statements() as found:
        plan = plan_step(scene)

    assert found == []
    assert [move.to for move in plan.moves] == [Sleep(scene.now + timedelta(hours=1))]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"at": "9:00"}, "/at"),
        ({"at": "24:00"}, "/at"),
        ({"at": "09:00", "weekdays": ["monday"]}, "/weekdays"),
        ({"at": "09:00", "weekdays": []}, "/weekdays"),
        ({"at": "09:00", "seconds": 5}, "exactly one of these settings"),
        ({"weekdays": ["mon"]}, '"at" is a required'),
        ({"working_hours": {}}, "/working_hours"),
        ({"working_hours": {"mo": [["09:00", "17:00"]]}}, "/working_hours"),
        ({"working_hours": {"mon": []}}, "/working_hours/mon"),
        ({"working_hours": {"mon": [["09:00"]]}}, "/working_hours/mon/0"),
        ({"working_hours": {"mon": [["24:00", "25:00"]]}}, "/working_hours/mon/0"),
        ({"working_hours": {"mon": [["09:00", "09:00"]]}}, "on mon, 09:00 to 09:00 is no time"),
    ],
)
def test_a_mistake_is_told_on_save(settings: dict[str, Any], problem: str) -> None:
    found = [one.message for one in problems_of(workflow("t", {"kind": "delay", **settings}))]

    assert any(problem in message for message in found), found
