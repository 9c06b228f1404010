"""Cancelling: nothing more is sent, what lies in inboxes is taken back, and the numbers are true."""

from datetime import timedelta
from typing import Any

import pytest

from notifications import inbox
from notifications.kernel.clock import db_now
from notifications.models import Recipient, State, Tenant
from tests.cast import Publish, chunks_of, crowd, items_of, outcomes, run_named, titles, topic, wake_everybody, workflow
from workflows import engine
from workflows.claim import claim_due
from workflows.conf import CHUNK
from workflows.define import delay, send_inbox
from workflows.expand import expand_due
from workflows.models import Cohort, Run, Status
from workflows.refusals import UnknownRun
from workflows.retract import Cancelled, cancel
from workflows.runs import everyone_is_accounted_for
from workflows.trigger import trigger

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_steps(publish: Publish) -> None:
    publish(workflow("t.two", send_inbox(title="first"), delay(hours=2), send_inbox(title="second")))


def start(key: str, tenant: Tenant, *recipients: Any) -> Run:
    return run_named(trigger(key, tenant=tenant, recipients=recipients).transaction_id)


def cancelled(run: Run) -> tuple[int, int]:
    answer = cancel(run.transaction_id, tenant=run.tenant)
    return answer.cancelled, answer.too_late


def ended(run: Run) -> None:
    """Whatever happens from now on, this run is over: finished, withdrawn, everybody accounted for."""
    engine.drain()
    wake_everybody()
    engine.drain()
    run.refresh_from_db()
    assert run.shown_status == "retracted"
    assert run.status == Status.SENT
    assert run.finished_at
    assert run.retracted_at
    assert everyone_is_accounted_for(run)


def test_before_anybody_is_resolved(acme: Tenant, hello: None) -> None:
    people = crowd(acme, 7)
    run = start("hello", acme, topic(acme, "news", *people), people[0])

    assert cancelled(run) == (7, 0)

    ended(run)
    assert (items_of(run), chunks_of(run)) == ({}, [])


def test_while_half_of_a_large_run_is_resolved(acme: Tenant, hello: None) -> None:
    crowd(acme, 5 * CHUNK)
    run = start("hello", acme, {"everyone": True})
    expand_due(now=db_now())

    assert cancelled(run) == (5 * CHUNK, 0)

    ended(run)
    assert items_of(run) == {}


def test_while_everybody_sleeps(acme: Tenant, two_steps: None) -> None:
    people = crowd(acme, 5)
    run = start("t.two", acme, *people)
    engine.drain()

    assert cancelled(run) == (5, 0)

    ended(run)
    assert outcomes(run, final=True) == {"cancelled": {one.pk for one in people}}
    assert [titles(one) for one in people] == [[]] * 5
    assert [titles(one, state=State.WITHDRAWN) for one in people] == [["first"]] * 5


def test_after_it_was_sent(acme: Tenant, hello: None) -> None:
    people = crowd(acme, 5)
    run = start("hello", acme, *people)
    engine.drain()

    assert cancelled(run) == (0, 5)

    ended(run)
    assert [titles(one) for one in people] == [[]] * 5
    assert outcomes(run) == {"done": {one.pk for one in people}}


def test_in_a_shared_chunk_only_its_own_people_are_touched(acme: Tenant, two_steps: None) -> None:
    people = crowd(acme, 6)
    runs = [start("t.two", acme, one, people[0]) for one in people[1:]]
    engine.drain()

    assert cancelled(runs[2]) == (2, 0)

    ended(runs[2])
    others = [run_named(run.transaction_id) for run in runs if run != runs[2]]
    assert {run.status for run in others} == {"sent"}
    assert all(everyone_is_accounted_for(run) for run in others)
    assert titles(people[3]) == []
    assert titles(people[1]) == ["second", "first"]
    assert len(titles(people[0])) == 8


def test_people_whom_a_worker_holds_at_this_moment_are_stopped_by_it(acme: Tenant, hello: None) -> None:
    people = crowd(acme, 4)
    run = start("hello", acme, *people)
    expand_due(now=db_now())
    (held,) = claim_due(now=db_now(), lease=timedelta(seconds=30))

    assert cancelled(run) == (4, 0)
    engine.advance(held)

    assert items_of(run) == {}
    assert outcomes(run) == {"cancelled": {one.pk for one in people}}
    ended(run)


def test_a_worker_that_holds_several_runs_goes_on_with_the_others(acme: Tenant, hello: None) -> None:
    people = crowd(acme, 4)
    runs = [start("hello", acme, one) for one in people]
    expand_due(now=db_now())
    (held,) = claim_due(now=db_now(), lease=timedelta(seconds=30))

    cancel(runs[1].transaction_id, tenant=acme)
    engine.advance(held)

    assert [items_of(run) for run in runs] == [{one.pk: 1} if n != 1 else {} for n, one in enumerate(people)]
    ended(runs[1])


def test_a_second_cancel_changes_nothing(acme: Tenant, hello: None) -> None:
    run = start("hello", acme, *crowd(acme, 3))
    cancel(run.transaction_id, tenant=acme)
    first = Run.objects.across_tenants().get(pk=run.pk).cancelled_at

    assert cancel(run.transaction_id, tenant=acme) == Cancelled(run.transaction_id, 0, 0)
    assert Run.objects.across_tenants().get(pk=run.pk).cancelled_at == first


def test_a_run_of_others_is_unknown(acme: Tenant, globex: Tenant, hello: None) -> None:
    run = start("hello", acme, *crowd(acme, 1))

    with pytest.raises(UnknownRun):
        cancel(run.transaction_id, tenant=globex)

    engine.drain()
    assert len(items_of(run)) == 1


def test_what_a_person_had_archived_or_read_is_taken_back_too(acme: Tenant, hello: None) -> None:
    reader, archiver, deleter = crowd(acme, 3)
    run = start("hello", acme, reader, archiver, deleter)
    engine.drain()
    (name,) = {entry.id for entry in inbox.list_items(reader).entries}
    inbox.mark_read(reader, [name], now=db_now())
    inbox.archive(archiver, [name])
    inbox.delete(deleter, [name])

    cancel(run.transaction_id, tenant=acme)
    ended(run)

    states = [inbox.get_item(one, name).state for one in (reader, archiver, deleter)]  # type: ignore[union-attr]
    assert states == [State.WITHDRAWN, State.WITHDRAWN, State.DELETED]


def test_a_withdrawal_is_a_change_that_clients_hear_of(acme: Tenant, hello: None) -> None:
    (person,) = crowd(acme, 1)
    run = start("hello", acme, person)
    engine.drain()
    cursor = inbox.current_cursor(person)

    cancel(run.transaction_id, tenant=acme)
    engine.drain()

    (change,) = inbox.changes_since(person, cursor).entries
    assert change.state == State.WITHDRAWN
    assert inbox.unread_count(person).count == 0


def test_a_cancelled_run_is_finished_at_once_when_nobody_is_under_way(acme: Tenant, two_steps: None) -> None:
    """Also one of a shared chunk, where no worker will come by again."""
    people = crowd(acme, 2)
    run, other = start("t.two", acme, people[0]), start("t.two", acme, people[1])
    engine.drain()

    cancel(run.transaction_id, tenant=acme)
    engine.drain()

    run.refresh_from_db()
    assert (run.status, run.finished_at is not None) == (Status.SENT, True)
    assert Cohort.objects.across_tenants().filter(open=True).count() == 1
    other.refresh_from_db()
    assert other.status == Status.PROCESSING


def test_a_run_that_failed_stays_failed(acme: Tenant, hello: None) -> None:
    run = start("hello", acme, *crowd(acme, 2))
    Run.objects.across_tenants().filter(pk=run.pk).update(audience={"people": ["not a number"]})
    engine.drain()
    failed = run_named(run.transaction_id)

    cancel(run.transaction_id, tenant=acme)

    after = run_named(run.transaction_id)
    assert (after.status, after.shown_status) == (Status.FAILED, "retracted")
    assert (after.finished_at, after.error) == (failed.finished_at, failed.error)


def test_a_person_may_be_told_again_by_another_run(acme: Tenant, bob: Recipient, hello: None) -> None:
    run = start("hello", acme, bob)
    cancel(run.transaction_id, tenant=acme)
    again = start("hello", acme, bob)

    engine.drain()

    assert (items_of(run), items_of(again)) == ({}, {bob.pk: 1})
