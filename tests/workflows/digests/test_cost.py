"""Cost grows by the thousand, not by the head, nor by the run."""

import pytest

from notifications.models import Tenant
from tests.cast import Publish, crowd, statements, titles, workflow
from workflows import engine
from workflows.conf import CHUNK
from workflows.define import StepSettings, digest, send_inbox
from workflows.models import WindowItem
from workflows.trigger import Trigger, trigger, trigger_many

from .moves import carriers, let_them_be_due, start, their_time_comes

pytestmark = pytest.mark.django_db


def cost(tenant: Tenant, key: str) -> tuple[int, int]:
    with statements() as adding:
        trigger(key, tenant=tenant, recipients=[{"everyone": True}], payload={"n": 1})
        engine.drain()
    let_them_be_due()
    with statements() as closing:
        engine.drain()
    return len(adding), len(closing)


@pytest.mark.parametrize("step", [digest(hours=1), digest(at="09:00"), digest(hours=1, leading=True, key="n")], ids=str)
def test_as_many_statements_for_ten_people_as_for_a_thousand(
    acme: Tenant, globex: Tenant, publish: Publish, step: StepSettings
) -> None:
    publish(workflow("t.cost", step, send_inbox(title="{{ recipient.name }} {{ digest.count }}")))
    crowd(acme, 10, zone="Asia/Tokyo")
    crowd(globex, CHUNK, zone="Europe/Lisbon")
    cost(Tenant.objects.create(slug="warm", name="Warm"), "t.cost")

    assert cost(acme, "t.cost") == cost(globex, "t.cost")


def test_a_thousand_windows_of_a_thousand_runs_close_together(acme: Tenant, hourly: None) -> None:
    people = crowd(acme, CHUNK)
    trigger_many([Trigger("t.hourly", {"n": n}, [one]) for n, one in enumerate(people)], tenant=acme)
    engine.drain()
    assert WindowItem.objects.count() == CHUNK
    let_them_be_due()

    with statements() as found:
        engine.drain()

    assert len(found) < 60, len(found)
    assert [titles(one) for one in people[::333]] == [[f"1: {n}"] for n in range(0, CHUNK, 333)]


def test_who_gets_the_same_shares_the_words(acme: Tenant, hourly: None) -> None:
    people = crowd(acme, 50)
    start("t.hourly", acme, *people, n=1)
    start("t.hourly", acme, *people[:10], n=2)

    with statements() as found:
        their_time_comes()

    assert sum("inboxitem" in one and one.startswith(("INSERT", "WITH")) for one in found) == 1
    assert titles(people[0]) == ["2: 1 2"]
    assert titles(people[20]) == ["1: 1"]


def test_large_payloads_do_not_come_into_one_workers_hands(acme: Tenant, hourly: None) -> None:
    people = crowd(acme, 12)
    for n, one in enumerate(people):
        start("t.hourly", acme, one, n=n, words="x" * 400_000)

    their_time_comes()

    assert [titles(one) for one in people] == [[f"1: {n}"] for n in range(12)]
    assert [run.people for run in carriers()] == [5, 5, 2]
