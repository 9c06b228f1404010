"""Escalating: level after level, until somebody acknowledges; nobody is called twice, and nobody after that."""

from datetime import timedelta
from typing import Any

import pytest

from notifications.kernel.clock import db_now
from notifications.models import Recipient, Role, Tenant
from preferences.models import Choice
from tests.cast import (
    Publish,
    chunks_of,
    crowd,
    outcomes,
    run_named,
    statements,
    titles,
    topic,
    wake_everybody,
    workflow,
)
from tests.channels_delivery.conftest import scripted  # noqa: F401
from workflows import engine, registry, runs
from workflows.acknowledge import acknowledge
from workflows.claim import claim_due
from workflows.conf import CHUNK
from workflows.define import Workflow, digest, escalate, level, send, send_inbox
from workflows.models import HOUSE, Cohort, Run, Status, Window
from workflows.retract import cancel
from workflows.runs import everyone_is_accounted_for
from workflows.trigger import Trigger, trigger, trigger_many

from .sending.moves import channel, to_teams

pytestmark = pytest.mark.django_db

ADMINS = [{"role": "admin"}]
FIRST = level(send_inbox(title="Fire"), minutes=5)
SECOND = level(send_inbox(title="Fire, nobody answers"), to=ADMINS, minutes=10)


@pytest.fixture
def fire(publish: Publish) -> None:
    publish(workflow("t.fire", escalate(FIRST, SECOND), send_inbox(title="Given up")))


def start(key: str, tenant: Tenant, *recipients: Any, **payload: Any) -> Run:
    run = run_named(trigger(key, tenant=tenant, recipients=recipients, payload=payload).transaction_id)
    engine.drain()
    return run


def next_level() -> None:
    wake_everybody()
    engine.drain()


def over(run: Run) -> Run:
    run.refresh_from_db()
    assert run.status == Status.SENT
    assert everyone_is_accounted_for(run)
    assert not Cohort.objects.across_tenants().filter(open=True).exists()
    return run


def in_hand(run: Run, person: Recipient) -> None:
    acknowledge(run.transaction_id, tenant=run.tenant, recipient=person)
    engine.drain()


def ended(run: Run) -> dict[str, set[int]]:
    """How its people ended, without the house."""
    return {reason: people - {HOUSE} for reason, people in outcomes(run, final=True).items()}


class TestLevels:
    def test_one_after_the_other_is_told_and_then_the_runs_own_people_go_on(
        self, acme: Tenant, alice: Recipient, bob: Recipient, fire: None
    ) -> None:
        run = start("t.fire", acme, bob)
        assert (titles(bob), titles(alice)) == (["Fire"], [])

        next_level()
        assert (titles(bob), titles(alice)) == (["Fire"], ["Fire, nobody answers"])
        next_level()

        assert (titles(bob), titles(alice)) == (["Given up", "Fire"], ["Fire, nobody answers"])
        assert over(run).people == 2

    def test_each_waits_as_long_as_it_says(self, acme: Tenant, bob: Recipient, fire: None) -> None:
        start("t.fire", acme, bob)
        asleep = Cohort.objects.across_tenants().filter(open=True)
        waits = [asleep.get().wake_at - db_now()]
        next_level()
        waits.append(asleep.get().wake_at - db_now())

        assert [round(wait / timedelta(minutes=1)) for wait in waits] == [5, 10]

    def test_it_repeats_as_often_as_it_says_and_may_stop_then(
        self, acme: Tenant, bob: Recipient, publish: Publish
    ) -> None:
        step = escalate(FIRST, level(send_inbox(title="Still"), minutes=5), repeat=1, on_exhausted="stop")
        publish(workflow("t.nags", step, send_inbox(title="never")))
        run = start("t.nags", acme, bob)

        for _ in range(4):
            next_level()

        assert titles(bob) == ["Still", "Fire", "Still", "Fire"]
        assert ended(over(run)) == {"exhausted": {bob.pk}}

    def test_who_is_in_several_levels_is_told_at_each(self, acme: Tenant, alice: Recipient, fire: None) -> None:
        run = start("t.fire", acme, alice)
        next_level()
        next_level()

        assert titles(alice) == ["Given up", "Fire, nobody answers", "Fire"]
        assert [one.recipient for one in runs.people(over(run))] == [alice]

    def test_people_are_looked_up_when_their_level_starts(
        self, acme: Tenant, alice: Recipient, bob: Recipient, publish: Publish
    ) -> None:
        on_call = topic(acme, "on-call", alice)
        second = level(send_inbox(title="On call"), to=[{"topic": "on-call"}, {"user": "nobody"}], minutes=1)
        publish(workflow("t.call", escalate(FIRST, second)))
        start("t.call", acme, bob)
        on_call.subscriptions.all().delete()
        carol = crowd(acme, 1, prefix="carol")[0]
        on_call.subscriptions.create(recipient=carol)

        next_level()

        assert (titles(alice), titles(carol)) == ([], ["On call"])

    def test_people_are_reached_as_they_wish_unless_it_is_important(self, acme: Tenant, publish: Publish) -> None:
        (person,) = crowd(acme, 1, role=Role.ADMIN)
        Choice.objects.create(tenant=acme, recipient=person, wanted=False)
        levels = [level(send_inbox(title=f"{n}"), to=ADMINS, minutes=1, important=n == 1) for n in range(2)]
        publish(workflow("t.loud", escalate(*levels)))
        run = start("t.loud", acme, person)
        assert titles(person) == []
        next_level()

        assert titles(person) == ["1"]
        assert outcomes(run, final=False) == {"off_by_everything": {person.pk}}

    @pytest.mark.usefixtures("scripted")
    def test_a_team_is_told_once_at_each_level_that_names_its_kind(self, acme: Tenant, publish: Publish) -> None:
        levels = [level(send("scripted", title="Fire"), to=ADMINS, minutes=1) for _ in range(2)]
        publish(workflow("t", escalate(*levels)))
        channel(acme, "#ops")
        run = start("t", acme, *crowd(acme, 5, role=Role.ADMIN))
        next_level()

        assert to_teams(run) == ["#ops", "#ops"]

    def test_small_runs_in_one_chunk_escalate_each_for_itself(self, acme: Tenant, alice: Recipient, fire: None) -> None:
        people = crowd(acme, 3)
        answers = trigger_many([Trigger("t.fire", {}, [one]) for one in people], tenant=acme)
        engine.drain()
        found = [run_named(answer.transaction_id) for answer in answers]
        in_hand(found[1], people[1])

        next_level()
        next_level()

        assert titles(alice) == ["Fire, nobody answers"] * 2
        assert [titles(one) for one in people] == [["Given up", "Fire"], ["Fire"], ["Given up", "Fire"]]
        for run in found:
            over(run)

    def test_behind_a_digest_all_of_it_is_escalated(
        self, acme: Tenant, alice: Recipient, bob: Recipient, publish: Publish
    ) -> None:
        second = level(send_inbox(title="{{ digest.count }} open"), to=ADMINS, minutes=1)
        publish(workflow("t.both", digest(hours=1), escalate(FIRST, second)))
        for n in range(3):
            start("t.both", acme, bob, n=n)
        Window.objects.across_tenants().update(closes_at=db_now())
        engine.drain()

        next_level()

        assert (titles(bob), titles(alice)) == (["Fire"], ["3 open"])


class TestAcknowledged:
    def test_then_it_is_over_for_everybody(self, acme: Tenant, alice: Recipient, fire: None) -> None:
        one, other = crowd(acme, 2)
        run = start("t.fire", acme, one, other)

        in_hand(run, other)

        assert ended(over(run)) == {"acknowledged": {one.pk, other.pk}}
        next_level()
        assert (titles(one), titles(alice)) == (["Fire"], [])

    def test_by_who_was_called_in_too(self, acme: Tenant, alice: Recipient, bob: Recipient, fire: None) -> None:
        run = start("t.fire", acme, bob)
        next_level()

        in_hand(run, alice)

        assert ended(over(run)) == {"acknowledged": {bob.pk}, "done": {alice.pk}}

    def test_the_runs_own_people_may_go_on(self, acme: Tenant, bob: Recipient, publish: Publish) -> None:
        publish(workflow("t.on", escalate(FIRST, on_acknowledge="continue"), send_inbox(title="In hand")))
        run = start("t.on", acme, bob)

        in_hand(run, bob)

        assert titles(bob) == ["In hand", "Fire"]
        over(run)

    def test_who_is_called_in_at_this_moment_is_not_told_any_more(
        self, acme: Tenant, alice: Recipient, bob: Recipient, fire: None
    ) -> None:
        run = start("t.fire", acme, bob)
        wake_everybody()
        (held,) = claim_due(now=db_now(), lease=timedelta(seconds=30))
        engine.advance(held)
        assert [chunk.called for chunk in chunks_of(run)] == [False, True]

        in_hand(run, bob)

        assert titles(alice) == []
        assert ended(over(run)) == {"acknowledged": {alice.pk, bob.pk}}


class TestCancel:
    def test_also_of_who_was_called_in(self, acme: Tenant, alice: Recipient, bob: Recipient, fire: None) -> None:
        run = start("t.fire", acme, bob)
        next_level()

        answer = cancel(run.transaction_id, tenant=acme)
        engine.drain()

        assert (answer.cancelled, answer.too_late) == (1, 1)
        assert (titles(alice), titles(bob)) == ([], [])
        over(run)


class TestCost:
    def test_as_many_statements_for_ten_people_as_for_a_thousand(
        self, acme: Tenant, globex: Tenant, fire: None
    ) -> None:
        costs = []
        for tenant, size in ((Tenant.objects.create(slug="w", name="W"), 1), (acme, 10), (globex, CHUNK - 1)):
            crowd(tenant, size, role=Role.ADMIN)
            with statements() as found:
                start("t.fire", tenant, {"everyone": True})
                next_level()
            costs.append(len(found))

        assert costs[1] == costs[2]


@pytest.mark.parametrize(
    ("levels", "problem"),
    [
        ([], "levels"),
        ([{"seconds": 5}], "send"),
        ([{"seconds": 5, "send": [{"channel": "nothing"}]}], "nothing"),
        ([{"seconds": 5, "send": [{"channel": "inbox"}], "to": [{"role": "a", "user": "b"}]}], "to"),
        ([{"seconds": 5, "send": [{"channel": "inbox", "template": {"title": "{{"}}]}], "title"),
    ],
)
def test_what_is_wrong_with_one_is_said(levels: Any, problem: str) -> None:
    found = list(registry.problems_of(Workflow("t.wrong", "Wrong", [escalate(*levels)])))

    assert found
    assert any(problem in one.message for one in found), found
