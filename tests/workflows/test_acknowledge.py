"""Acknowledging, and waiting for it: who is heard from goes on at once, who is not when the time is over, each once."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from notifications import inbox
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from tests.cast import Publish, crowd, outcomes, run_named, titles, wake_everybody, workflow
from workflows import engine
from workflows.acknowledge import acknowledge
from workflows.claim import claim_due
from workflows.define import send_inbox, wait_for
from workflows.expand import expand_due
from workflows.models import Act, Cohort, Run, Status
from workflows.refusals import NotTold, UnknownRun
from workflows.retract import cancel
from workflows.runs import everyone_is_accounted_for
from workflows.scene import load_work
from workflows.settle import settle
from workflows.steps import STEPS
from workflows.steps.wait_for import LOOKS
from workflows.trigger import Trigger, trigger, trigger_many

pytestmark = pytest.mark.django_db


@pytest.fixture
def waits(publish: Publish) -> None:
    """Who acknowledges is thanked, and nobody else is told anything more."""
    step = wait_for("acknowledged", hours=1, on_timeout="stop")
    publish(workflow("t.waits", send_inbox(title="please"), step, send_inbox(title="thanks")))


def start(key: str, tenant: Tenant, *recipients: Any) -> Run:
    run = run_named(trigger(key, tenant=tenant, recipients=recipients).transaction_id)
    engine.drain()
    return run


def over(run: Run) -> Run:
    """The run after its time."""
    wake_everybody()
    engine.drain()
    run.refresh_from_db()
    assert run.status == Status.SENT
    assert everyone_is_accounted_for(run)
    return run


def heard(run: Run, person: Recipient) -> bool:
    return acknowledge(run.transaction_id, tenant=person.tenant, recipient=person).first


class TestWaitFor:
    def test_who_acknowledges_goes_on_at_once_and_the_others_wait(self, acme: Tenant, waits: None) -> None:
        one, other = crowd(acme, 2)
        run = start("t.waits", acme, one, other)

        heard(run, one)
        engine.drain()

        assert (titles(one), titles(other)) == (["thanks", "please"], ["please"])
        assert outcomes(run) == {"done": {one.pk}}
        over(run)
        assert titles(other) == ["please"]
        assert outcomes(run) == {"done": {one.pk}, "timed_out": {other.pk}}

    def test_it_may_go_on_when_the_time_is_over_and_stop_on_a_match(self, acme: Tenant, publish: Publish) -> None:
        publish(workflow("t.nags", wait_for("acknowledged", hours=1, on_match="stop"), send_inbox(title="still")))
        one, other = crowd(acme, 2)
        run = start("t.nags", acme, one, other)

        heard(run, one)
        over(run)

        assert (titles(one), titles(other)) == ([], ["still"])
        assert outcomes(run) == {"acknowledged": {one.pk}, "done": {other.pk}}

    def test_who_has_acknowledged_before_does_not_wait(self, acme: Tenant, waits: None) -> None:
        (person,) = crowd(acme, 1)
        run = run_named(trigger("t.waits", tenant=acme, recipients=[person]).transaction_id)
        expand_due(now=db_now())
        heard(run, person)

        engine.drain()

        assert titles(person) == ["thanks", "please"]

    def test_one_of_many_runs_in_a_chunk_is_heard_alone(self, acme: Tenant, waits: None) -> None:
        people = crowd(acme, 4)
        answers = trigger_many([Trigger("t.waits", {}, people[n : n + 2]) for n in range(3)], tenant=acme)
        engine.drain()
        runs = [run_named(answer.transaction_id) for answer in answers]

        heard(runs[1], people[2])
        engine.drain()

        assert [titles(one).count("thanks") for one in people] == [0, 0, 1, 0]
        for run in runs:
            over(run)
        assert outcomes(runs[1]) == {"timed_out": {people[1].pk}, "done": {people[2].pk}}

    def test_between_planning_and_writing_it_counts(self, acme: Tenant, waits: None) -> None:
        """The time is over, a worker is about to say so, and the person is faster."""
        one, other = crowd(acme, 2)
        run = start("t.waits", acme, one, other)
        wake_everybody()
        (held,) = claim_due(now=db_now(), lease=timedelta(seconds=30))
        work = load_work(held, now=db_now())
        assert work is not None
        plan = STEPS["wait_for"].plan({"what": "acknowledged", "seconds": 60, "on_timeout": "stop"}, work.scene)

        heard(run, one)
        with transaction.atomic():
            settle(held, work, plan)
        engine.advance(held)
        over(run)

        assert outcomes(run) == {"done": {one.pk}, "timed_out": {other.pk}}
        assert titles(one) == ["thanks", "please"]

    def test_after_the_time_is_over_it_changes_nothing(self, acme: Tenant, bob: Recipient, waits: None) -> None:
        run = over(start("t.waits", acme, bob))

        heard(run, bob)
        engine.drain()

        assert outcomes(run) == {"timed_out": {bob.pk}}
        assert titles(bob) == ["please"]

    @pytest.fixture
    def reads(self, publish: Publish) -> None:
        step = wait_for("read", hours=1, on_match="stop")
        publish(workflow("t.read", send_inbox(title="first"), step, send_inbox(title="again")))

    def test_for_having_read_it_is_looked_now_and_then(self, acme: Tenant, reads: None) -> None:
        one, other = crowd(acme, 2)
        run = start("t.read", acme, one, other)
        assert Cohort.objects.across_tenants().get(open=True).wake_at < db_now() + timedelta(minutes=6)
        inbox.read_all(one)

        wake_everybody()
        engine.drain()
        assert outcomes(run) == {"read": {one.pk}}

        for _ in range(LOOKS):
            wake_everybody()
            engine.drain()
        assert (titles(one), titles(other)) == (["first"], ["again", "first"])
        assert outcomes(over(run)) == {"read": {one.pk}, "done": {other.pk}}

    def test_looking_for_that_takes_as_long_as_it_says(self, acme: Tenant, bob: Recipient, reads: None) -> None:
        run = start("t.read", acme, bob)

        for _ in range(LOOKS - 1):
            wake_everybody()
            engine.drain()
        assert titles(bob) == ["first"]

        over(run)
        assert titles(bob) == ["again", "first"]

    def test_who_waits_can_be_cancelled(self, acme: Tenant, bob: Recipient, waits: None) -> None:
        run = start("t.waits", acme, bob)

        assert cancel(run.transaction_id, tenant=acme).cancelled == 1

        heard(run, bob)
        assert outcomes(over(run)) == {"cancelled": {bob.pk}}


class TestAcknowledge:
    def test_the_first_is_on_record(self, acme: Tenant, waits: None) -> None:
        one, other = crowd(acme, 2)
        run = start("t.waits", acme, one, other)

        answers = [acknowledge(run.transaction_id, tenant=acme, recipient=person) for person in (one, other, one)]

        assert [answer.by for answer in answers] == [one.external_id] * 3
        assert [answer.first for answer in answers] == [True, False, False]
        assert Act.objects.filter(run=run).count() == 2
        run.refresh_from_db()
        assert run.acts == 2

    def test_twice_wakes_nobody_twice(self, acme: Tenant, bob: Recipient, waits: None) -> None:
        run = start("t.waits", acme, bob)

        for _ in range(3):
            heard(run, bob)
            engine.drain()

        assert titles(bob) == ["thanks", "please"]
        assert Cohort.objects.across_tenants().count() == 1

    def test_only_people_of_the_run_may(self, acme: Tenant, alice: Recipient, bob: Recipient, waits: None) -> None:
        run = start("t.waits", acme, bob)

        with pytest.raises(NotTold):
            heard(run, alice)
        assert not Act.objects.exists()

    def test_a_run_of_others_is_unknown(self, acme: Tenant, bob: Recipient, mallory: Recipient, waits: None) -> None:
        run = start("t.waits", acme, bob)

        with pytest.raises(UnknownRun):
            heard(run, mallory)
