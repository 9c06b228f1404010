"""How long a window is open."""

from datetime import timedelta

import pytest
from django.db import transaction

from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from tests.cast import Publish, crowd, titles, workflow
from workflows import engine
from workflows.claim import claim_due
from workflows.closing import close_due
from workflows.define import StepSettings, digest
from workflows.expand import expand_due
from workflows.models import Window
from workflows.retract import cancel
from workflows.scene import Work, load_work
from workflows.settle import settle
from workflows.step import Plan, Stale
from workflows.steps import STEPS
from workflows.trigger import Trigger, trigger, trigger_many

from .moves import COUNT, carriers, let_them_be_due, start, their_time_comes, window

pytestmark = pytest.mark.django_db


def test_a_sliding_one_moves_with_each_event_up_to_its_limit(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    publish(workflow("t.slides", digest(minutes=10, slides_up_to=timedelta(hours=1)), COUNT))
    start("t.slides", acme, bob, n=1)
    first = window()
    Window.objects.across_tenants().update(closes_at=first.closes_at - timedelta(minutes=5))

    start("t.slides", acme, bob, n=2)
    assert window().closes_at >= first.closes_at
    Window.objects.across_tenants().update(latest_at=db_now() + timedelta(minutes=10, seconds=-30))
    start("t.slides", acme, bob, n=3)

    assert window().closes_at <= db_now() + timedelta(minutes=10)
    assert first.latest_at - first.created_at == timedelta(hours=1)


def test_a_fixed_one_does_not_move(acme: Tenant, bob: Recipient, hourly: None) -> None:
    start("t.hourly", acme, bob, n=1)
    first = window().closes_at

    start("t.hourly", acme, bob, n=2)

    assert window().closes_at == first


def test_one_with_a_most_closes_when_it_holds_so_many(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    publish(workflow("t.most", digest(hours=1, most=3), COUNT))

    for n in range(4):
        start("t.most", acme, bob, n=n)

    assert titles(bob) == ["3: 0 1 2"]
    assert window().n == 1


def test_counts_that_are_written_as_decimals_count(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    publish(workflow("t.decimal", {**digest(hours=1), "most": 3.0, "items": 2.0}, COUNT))

    for n in range(3):
        start("t.decimal", acme, bob, n=n)

    assert titles(bob) == ["3: 0 1"]


def test_one_that_is_full_at_once_closes_at_once(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    publish(workflow("t.most", digest(hours=1, most=3), COUNT))

    trigger_many([Trigger("t.most", {"n": n}, [bob]) for n in range(5)], tenant=acme)
    engine.drain()

    assert titles(bob) == ["5: 0 1 2 3 4"]


def test_by_schedule_it_closes_in_each_persons_zone(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t.nine", digest(at="09:00"), COUNT))
    Tenant.objects.filter(pk=acme.pk).update(zone="Asia/Kolkata")
    zones = {"p": "America/New_York", "q": "", "r": "Mars/Olympus"}
    people = [one for prefix, zone in zones.items() for one in crowd(acme, 1, prefix=prefix, zone=zone)]

    start("t.nine", acme, *people, n=1)

    ends = Window.objects.across_tenants().order_by("recipient_id").values_list("closes_at", flat=True)
    assert [end.minute for end in ends] == [0, 30, 30]
    assert [end.hour for end in ends[1:]] == [3, 3]
    assert all(db_now() < end <= db_now() + timedelta(hours=25) for end in ends)


def test_a_leading_event_goes_on_at_once_and_the_rest_together(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    publish(workflow("t.leads", digest(hours=1, leading=True), COUNT))
    start("t.leads", acme, bob, n=0)
    assert titles(bob) == ["1: 0"]
    for n in (1, 2):
        start("t.leads", acme, bob, n=n)

    their_time_comes()

    assert titles(bob) == ["2: 1 2", "1: 0"]
    start("t.leads", acme, bob, n=3)
    assert titles(bob)[0] == "1: 3"


def test_a_leading_event_without_others_stays_alone(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    publish(workflow("t.leads", digest(hours=1, leading=True), COUNT))
    start("t.leads", acme, bob, n=0)

    their_time_comes()

    assert (titles(bob), carriers()) == (["1: 0"], [])
    assert not Window.objects.across_tenants().exists()


def test_of_many_at_once_the_first_leads(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    publish(workflow("t.leads", digest(hours=1, leading=True), COUNT))
    trigger_many([Trigger("t.leads", {"n": n}, [bob]) for n in range(5)], tenant=acme)
    engine.drain()

    their_time_comes()

    assert titles(bob) == ["4: 1 2 3 4", "1: 0"]


def test_a_leader_that_is_cancelled_meanwhile_leaves_the_others_collected(
    acme: Tenant, bob: Recipient, publish: Publish
) -> None:
    publish(workflow("t.leads", digest(hours=1, leading=True), COUNT))
    answers = trigger_many([Trigger("t.leads", {"n": n}, [bob]) for n in range(3)], tenant=acme)
    expand_due(now=db_now())
    (held,) = claim_due(now=db_now(), lease=timedelta(seconds=30))
    cancel(answers[0].transaction_id, tenant=acme)  # type: ignore[union-attr]

    engine.advance(held)
    their_time_comes()

    assert titles(bob) == ["2: 1 2"]


def test_an_event_whose_window_closed_meanwhile_leads(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    """A worker has seen the window open, and is about to put the event into it."""
    step = digest(hours=1, leading=True)
    publish(workflow("t.leads", step, COUNT))
    start("t.leads", acme, bob, n=0)
    trigger("t.leads", tenant=acme, recipients=[bob], payload={"n": 1})
    expand_due(now=db_now())
    (held,) = claim_due(now=db_now(), lease=timedelta(seconds=30))
    work = load_work(held, now=db_now())
    assert work is not None
    plan = planned(step, work)
    let_them_be_due()
    close_due(now=db_now())

    with pytest.raises(Stale), transaction.atomic():
        settle(held, work, plan)
    engine.advance(held)
    engine.drain()

    assert titles(bob) == ["1: 1", "1: 0"]


def test_of_two_workers_who_see_no_window_one_leads(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    step = digest(hours=1, leading=True)
    publish(workflow("t.leads", step, COUNT))
    for n in range(2):
        trigger("t.leads", tenant=acme, recipients=[bob], payload={"n": n})
        expand_due(now=db_now())
    first, second = claim_due(now=db_now(), lease=timedelta(seconds=30))
    works = [load_work(held, now=db_now()) for held in (first, second)]
    plans = [planned(step, work) for work in works if work]
    with transaction.atomic():
        settle(first, works[0], plans[0])  # type: ignore[arg-type]

    with pytest.raises(Stale), transaction.atomic():
        settle(second, works[1], plans[1])  # type: ignore[arg-type]
    engine.advance(first)
    engine.advance(second)
    engine.drain()
    their_time_comes()

    assert titles(bob) == ["1: 1", "1: 0"]
    assert [run.people for run in carriers()] == [1]


def planned(step: StepSettings, work: Work) -> Plan:
    return STEPS["digest"].plan({name: value for name, value in step.items() if name != "kind"}, work.scene)
