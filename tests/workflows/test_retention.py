"""What runs leave behind is kept for a while; what a run under way may look at is left alone."""

from datetime import datetime, timedelta

import pytest

from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from tests.cast import Publish, chunks_of, crowd, run_named, statements, wake_everybody, workflow
from tests.workflows.digests.moves import COUNT, their_time_comes
from workflows import engine
from workflows.acknowledge import acknowledge
from workflows.define import digest, send_inbox, wait_for
from workflows.explain import explain
from workflows.models import Act, ChunkResult, Run, RunResult, Window, WindowItem
from workflows.retention import clear_out
from workflows.trigger import Trigger, trigger_many

pytestmark = pytest.mark.django_db


def days(count: float) -> datetime:
    return db_now() + timedelta(days=count)


def start(key: str, tenant: Tenant, *people: Recipient) -> list[Run]:
    """A run for each."""
    answers = trigger_many([Trigger(key, {}, [one]) for one in people], tenant=tenant)
    engine.drain()
    return [run_named(answer.transaction_id) for answer in answers]  # type: ignore[union-attr]


@pytest.fixture
def over_and_under_way(acme: Tenant, publish: Publish) -> tuple[Run, Run]:
    """Two runs that were acknowledged and fetched something: one has ended, one waits at a further step."""
    both = wait_for("acknowledged", hours=1)
    publish(workflow("t.over", both))
    publish(workflow("t.waits", both, wait_for("read", hours=24 * 30)))
    (person,) = crowd(acme, 1)
    runs = [*start("t.over", acme, person), *start("t.waits", acme, person)]
    for run in runs:
        acknowledge(run.transaction_id, tenant=acme, recipient=person)
        RunResult.objects.create(run=run, step="0", value={"n": 1}, done=True, free_at=db_now())
        ChunkResult.objects.create(chunk=chunks_of(run)[0], step="0", values=[1], created_at=db_now())
    engine.drain()
    return runs[0], runs[1]


@pytest.mark.parametrize(("day", "acts", "results"), [(6.9, 2, 4), (7.1, 2, 2), (89.9, 2, 2), (90.1, 1, 2)])
def test_results_go_after_a_week_and_acts_after_three_months(
    over_and_under_way: tuple[Run, Run], day: float, acts: int, results: int
) -> None:
    _, waiting = over_and_under_way

    clear_out(now=days(day))

    assert (Act.objects.count(), RunResult.objects.count() + ChunkResult.objects.count()) == (acts, results)
    assert Act.objects.filter(run=waiting).exists()
    assert RunResult.objects.filter(run=waiting).exists()


@pytest.mark.parametrize(("day", "left"), [(89.9, 2), (90.1, 1)])
def test_digests_go_with_their_events_once_they_were_told(
    acme: Tenant, publish: Publish, day: float, left: int
) -> None:
    publish(workflow("t.hourly", digest(hours=1), COUNT))
    told, waits = crowd(acme, 2)
    (run,) = start("t.hourly", acme, told)
    their_time_comes()
    start("t.hourly", acme, waits)

    clear_out(now=days(day))

    assert (Window.objects.across_tenants().count(), WindowItem.objects.count()) == (left, left)
    assert explain(run, told).codes[-1] == ("digest_told" if left == 2 else "digest_forgotten")


def test_a_digest_that_still_walks_is_kept(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t.walks", digest(hours=1), wait_for("read", hours=1), COUNT))
    start("t.walks", acme, *crowd(acme, 1))
    their_time_comes()

    assert clear_out(now=days(365))["digests"] == 0
    wake_everybody()
    engine.drain()


def test_a_digest_behind_which_nothing_comes_goes_too(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t.last", digest(hours=1)))
    start("t.last", acme, *crowd(acme, 1))
    their_time_comes()

    assert clear_out(now=days(91))["digests"] == 1


def test_many_go_in_batches_past_those_that_stay(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t.hello", send_inbox(title="x")))
    publish(workflow("t.waits", wait_for("acknowledged", hours=1)))
    people = crowd(acme, 9)
    waiting, over = start("t.waits", acme, *people[:4]), start("t.hello", acme, *people[4:])
    Act.objects.bulk_create(Act(run=run, recipient_id=1, kind="read", at=db_now()) for run in [*waiting, *over])

    with statements() as found:
        done = clear_out(now=days(91), most=2)

    assert (done["acts"], Act.objects.count()) == (5, 4)
    assert sum(one.startswith("DELETE") for one in found) == 3


def test_it_stops_when_its_time_is_over(over_and_under_way: tuple[Run, Run]) -> None:
    assert sum(clear_out(now=days(365), most=1, seconds=0).values()) == 1
