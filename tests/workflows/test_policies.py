"""Personal policies in an escalation: everybody by their own order within a level, and nobody is left out."""

from datetime import timedelta
from typing import Any

import pytest

from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from preferences.calls import PolicyName, policies_of
from preferences.models import Habits
from preferences.personal import Preferences
from preferences.warnings import warnings_of
from tests.cast import Publish, crowd, outcomes, run_named, statements, titles, wake_everybody, workflow
from workflows import engine
from workflows.acknowledge import acknowledge
from workflows.define import escalate, level, send_inbox
from workflows.models import Cohort, Run, Status
from workflows.rounds import round_of, rounds_of, turn_and_stage
from workflows.runs import everyone_is_accounted_for
from workflows.trigger import trigger

pytestmark = pytest.mark.django_db
ADMINS = [{"role": "admin"}]
WAIT = 10


@pytest.fixture
def fire(publish: Publish) -> None:
    """Everything goes into the inbox: what counts is which of the sends is due when."""
    first = level(send_inbox(title="Fire"), minutes=WAIT)
    second = level(send_inbox(title="Still fire"), minutes=WAIT, important=True)
    publish(workflow("t.fire", escalate(first, second)))


def wants(person: Recipient, **policies: int) -> None:
    """The inbox that many seconds after the beginning, by policy."""
    said = {name: [{"channel": "inbox", "after": after}] for name, after in policies.items()}
    Habits.objects.update_or_create(tenant=person.tenant, recipient=person, defaults={"policies": said})


def start(tenant: Tenant, *recipients: Any, key: str = "t.fire") -> Run:
    run = run_named(trigger(key, tenant=tenant, recipients=recipients).transaction_id)
    engine.drain()
    return run


def next_wake() -> None:
    wake_everybody()
    engine.drain()


def minutes_asleep(run: Run) -> set[int]:
    """How long those who sleep still do."""
    asleep = Cohort.objects.across_tenants().filter(open=True).values_list("wake_at", flat=True)
    return {round((one - db_now()) / timedelta(minutes=1)) for one in asleep}


class TestOrder:
    def test_each_is_told_when_their_policy_says(
        self, acme: Tenant, alice: Recipient, bob: Recipient, fire: None
    ) -> None:
        wants(bob, default=240)
        run = start(acme, alice, bob)
        assert (titles(alice), titles(bob), minutes_asleep(run)) == (["Fire"], [], {4, 10})

        next_wake()

        assert titles(bob) == ["Fire"]
        assert 6 in minutes_asleep(run)  # what is left of the level

    def test_an_important_level_asks_for_the_important_policy(self, acme: Tenant, bob: Recipient, fire: None) -> None:
        wants(bob, default=240, important=0)
        start(acme, bob)
        next_wake()
        assert titles(bob) == ["Fire"]

        next_wake()

        assert titles(bob) == ["Still fire", "Fire"]

    def test_who_has_no_important_policy_is_told_by_their_default_then(
        self, acme: Tenant, bob: Recipient, fire: None
    ) -> None:
        wants(bob, default=240)
        start(acme, bob)

        next_wake()
        next_wake()
        assert titles(bob) == ["Fire"]
        next_wake()

        assert titles(bob) == ["Still fire", "Fire"]

    def test_a_delay_longer_than_the_level_is_cut_to_its_end_and_noted(
        self, acme: Tenant, bob: Recipient, fire: None
    ) -> None:
        wants(bob, default=3600, important=0)
        run = start(acme, bob)
        assert (titles(bob), minutes_asleep(run)) == ([], {10})

        next_wake()

        assert titles(bob) == ["Still fire", "Fire"]
        assert outcomes(run, final=False)["policy_beyond_level"] == {bob.pk}

    def test_who_is_in_hand_is_not_told_any_more(self, acme: Tenant, bob: Recipient, fire: None) -> None:
        wants(bob, default=240)
        run = start(acme, bob)

        acknowledge(run.transaction_id, tenant=acme, recipient=bob)
        engine.drain()

        assert titles(bob) == []
        run.refresh_from_db()
        assert run.status == Status.SENT
        assert everyone_is_accounted_for(run)

    def test_a_policy_that_is_taken_back_meanwhile_costs_nobody_the_next_level(
        self, acme: Tenant, bob: Recipient, fire: None
    ) -> None:
        wants(bob, default=240)
        start(acme, bob)
        Habits.objects.filter(tenant=acme).delete()

        next_wake()
        next_wake()

        assert titles(bob) == ["Still fire"]

    def test_who_is_called_in_is_told_by_their_own_policy_too(
        self, acme: Tenant, alice: Recipient, bob: Recipient, publish: Publish
    ) -> None:
        publish(workflow("t.call", escalate(level(send_inbox(title="Help"), to=ADMINS, minutes=WAIT))))
        wants(alice, default=240)
        run = start(acme, bob, key="t.call")
        assert titles(alice) == []

        next_wake()

        assert titles(alice) == ["Help"]
        run.refresh_from_db()
        assert run.status == Status.SENT
        assert everyone_is_accounted_for(run)

    def test_it_is_as_many_statements_for_many_as_for_few(self, acme: Tenant, fire: None) -> None:
        counted = []
        for size in (5, 50):
            people = crowd(acme, size, prefix=f"p{size}-")
            for person in people[::2]:
                wants(person, default=240)
            trigger("t.fire", tenant=acme, recipients=people)
            with statements() as seen:
                engine.drain()
            counted.append(len(seen))

        assert counted[0] == counted[1]


class TestWarnings:
    def test_a_delay_longer_than_a_level_waits_is_told(self, acme: Tenant, bob: Recipient, fire: None) -> None:
        late = Preferences(policies={"default": [{"channel": "inbox", "after": 3600}]})
        soon = Preferences(policies={"default": [{"channel": "inbox", "after": 60}]})

        told = [one for one in warnings_of(bob, late) if "T.Fire" in one]

        assert told[0].startswith("Inbox after 60 min is later than “T.Fire” waits (10 min)")
        assert not [one for one in warnings_of(bob, soon) if "T.Fire" in one]


def test_policies_are_read_by_set_and_of_one_tenant(
    acme: Tenant, globex: Tenant, alice: Recipient, bob: Recipient, django_assert_num_queries: Any
) -> None:
    wants(bob, default=5, important=0)

    with django_assert_num_queries(1):
        found = policies_of([alice.pk, bob.pk], PolicyName.DEFAULT, tenant_id=acme.pk)

    assert {person: policy.delay("inbox") for person, policy in found.items()} == {bob.pk: 5}
    assert policies_of([bob.pk], PolicyName.DEFAULT, tenant_id=globex.pk) == {}


def test_a_round_names_the_level_and_the_stage() -> None:
    sends = {"send": [{}, {}]}

    assert [*rounds_of({"levels": [sends, {"send": [{}]}]})] == [0, 1000, 2000, 1, 1001]
    assert [*rounds_of({})] == [0]
    assert turn_and_stage(round_of(7, 2)) == (7, 2)
