"""Following a run: its numbers add up at every moment, and everybody left out has a reason."""

from typing import Any

import pytest

from notifications import inbox
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from preferences.models import Choice
from tests.cast import Publish, crowd, run_named, topic, wake_everybody, workflow
from workflows import engine
from workflows.conf import CHUNK
from workflows.define import delay, send_inbox
from workflows.expand import expand_due
from workflows.models import Cohort, Outcome, Run
from workflows.people import People
from workflows.retract import cancel
from workflows.runs import everyone_is_accounted_for, people, progress
from workflows.trigger import trigger

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_steps(publish: Publish) -> None:
    publish(workflow("t.two", send_inbox(title="first"), delay(hours=2), send_inbox(title="second")))


def start(tenant: Tenant, *recipients: Any) -> Run:
    return run_named(trigger("t.two", tenant=tenant, recipients=recipients).transaction_id)


def now(run: Run) -> dict[str, Any]:
    run.refresh_from_db()
    assert everyone_is_accounted_for(run)
    return progress(run).to_json()


def test_the_numbers_at_every_moment_of_a_walk(acme: Tenant, two_steps: None) -> None:
    told, declines, other = crowd(acme, 3)
    Choice.objects.create(tenant=acme, recipient=declines, workflow="t.two", wanted=False)
    run = start(acme, told, declines, other)
    skipped = [{"channel": "inbox", "reason": "off_by_workflow", "people": 1}]

    assert now(run) == {"people": 0, "resolved": False, "walking": [], "ended": {}, "skipped": [], "teams": []}
    engine.drain()
    assert now(run) == {
        "people": 3, "resolved": True, "walking": [{"step": "2", "people": 3}], "ended": {},
        "skipped": skipped, "teams": [],
    }  # fmt: skip
    wake_everybody()
    engine.drain()
    skipped[0]["people"] = 2
    assert now(run) == {
        "people": 3, "resolved": True, "walking": [], "ended": {"done": 3}, "skipped": skipped, "teams": [],
    }  # fmt: skip


def test_the_numbers_of_a_run_in_a_shared_chunk_are_its_own(acme: Tenant, two_steps: None) -> None:
    some = crowd(acme, 5)
    one, other = start(acme, *some[:2]), start(acme, *some[1:])
    engine.drain()
    cancel(other.transaction_id, tenant=acme)

    assert now(one)["walking"] == [{"step": "2", "people": 2}]
    assert now(other)["ended"] == {"cancelled": 4}


def test_it_costs_the_same_for_ten_and_for_a_thousand_people(
    acme: Tenant, two_steps: None, django_assert_max_num_queries: Any
) -> None:
    for size in (10, CHUNK):
        run = start(acme, *crowd(acme, size, prefix=f"n{size}-"))
        engine.drain()
        run.refresh_from_db()

        with django_assert_max_num_queries(3):
            assert progress(run).people == size


def test_everybody_is_listed_with_what_became_of_them(acme: Tenant, two_steps: None) -> None:
    told, declines, leaves, archives = crowd(acme, 4)
    Choice.objects.create(tenant=acme, recipient=declines, kind="inbox", wanted=False)
    run = start(acme, told, declines, topic(acme, "news", leaves), archives)
    expand_due(now=db_now())
    Recipient.objects.filter(tenant=acme, pk=leaves.pk).update(active=False)
    engine.drain()
    run.refresh_from_db()
    inbox.archive(archives, [entry.id for entry in inbox.list_items(archives).entries])

    found = {row.recipient.pk: (row.told, row.state, row.reason) for row in people(run)}

    assert found == {
        told.pk: (True, "active", ""),
        declines.pk: (False, "", "off_by_channel"),
        leaves.pk: (False, "", "inactive"),
        archives.pk: (True, "archived", ""),
    }


def test_the_list_is_bounded(acme: Tenant, two_steps: None) -> None:
    some = crowd(acme, 30)
    run = start(acme, *some)
    engine.drain()
    run.refresh_from_db()

    assert [row.recipient for row in people(run, limit=7)] == some[:7]


BREAKS: dict[str, Any] = {
    "somebody is lost": lambda cohort: cohort.update(mask=People.of([0, 1]).dump()),
    "somebody is there twice": lambda cohort: Outcome.objects.create(
        chunk=cohort.get().chunk, step="0", reason="done", final=True, mask=People.of([1]).dump(), created_at=db_now()
    ),
    "everybody is lost": lambda cohort: cohort.update(open=False),
    "somebody who was never there": lambda cohort: cohort.update(mask=People.of([0, 1, 9]).dump()),
}


@pytest.mark.parametrize("damage", BREAKS)
def test_the_invariant_notices(acme: Tenant, two_steps: None, damage: str) -> None:
    run = start(acme, *crowd(acme, 3))
    engine.drain()
    run.refresh_from_db()
    assert everyone_is_accounted_for(run)

    BREAKS[damage](Cohort.objects.across_tenants().filter(open=True))

    assert not everyone_is_accounted_for(run)
