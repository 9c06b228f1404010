"""An explanation knows how far somebody came, and which way they went."""

from datetime import timedelta
from typing import Any

import pytest

from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from tests.cast import Publish, crowd, outcomes, run_named, statements, wake_everybody, workflow
from workflows import engine, retract
from workflows.acknowledge import acknowledge
from workflows.define import (
    StepSettings,
    condition,
    delay,
    digest,
    escalate,
    level,
    send_inbox,
    throttle,
    wait_for,
)
from workflows.explain import Explanation, explain
from workflows.models import Outcome, Run, Window
from workflows.trigger import trigger

pytestmark = pytest.mark.django_db
A, B = send_inbox(title="a"), send_inbox(title="b")


def walked(tenant: Tenant, *recipients: Recipient, **payload: Any) -> Run:
    run = run_named(trigger("t", tenant=tenant, recipients=recipients, payload=payload).transaction_id)
    return further(run)


def further(run: Run) -> Run:
    engine.drain()
    run.refresh_from_db()
    return run


def at(found: Explanation, step: str) -> list[str]:
    """What is said of a step."""
    return [one.code for one in found.sentences if one.step == step]


class TestEnd:
    @pytest.mark.parametrize(
        ("step", "reason"),
        [
            (throttle(1, within=timedelta(hours=1)), "throttled"),
            (digest(hours=1), "digested"),
            (wait_for("acknowledged", hours=1, on_timeout="stop"), "timed_out"),
        ],
    )
    def test_the_step_that_ended_a_walk_says_so(
        self, acme: Tenant, bob: Recipient, publish: Publish, step: StepSettings, reason: str
    ) -> None:
        publish(workflow("t", A, step, B))
        walked(acme, bob)
        run = walked(acme, bob)
        wake_everybody()
        further(run)

        found = explain(run, bob)

        assert [at(found, step) for step in ("1", "2")] == [["ended_here"], ["never_reached"]]
        assert reason in found.codes
        (ended,) = [one for one in found.sentences if one.code == "ended_here"]
        assert ended.text == "Ended here. " + next(one.text for one in found.sentences if one.code == reason)

    def test_so_does_one_that_told_something(self, acme: Tenant, bob: Recipient, publish: Publish) -> None:
        publish(workflow("t", escalate(level(A, minutes=1)), B))
        run = walked(acme, bob)
        acknowledge(run.transaction_id, tenant=acme, recipient=bob)
        further(run)

        found = explain(run, bob)

        assert at(found, "0") == ["posted", "unread", "ended_here"]
        assert found.codes[-2:] == ["never_reached", "acknowledged"]

    def test_who_was_cancelled_while_they_waited_had_come_there(
        self, acme: Tenant, bob: Recipient, publish: Publish
    ) -> None:
        publish(workflow("t", wait_for("acknowledged", hours=1), B))
        run = walked(acme, bob)
        retract.cancel(run.transaction_id, tenant=acme)

        assert at(explain(further(run), bob), "0") == ["ended_here"]


IS_ONE = {"==": [{"var": "payload.n"}, 1]}
HOUR, DAY = delay(hours=1), delay(days=1)


class TestBranches:
    def test_who_sleeps_in_one_waits_there_and_never_comes_to_the_other(
        self, acme: Tenant, bob: Recipient, publish: Publish
    ) -> None:
        publish(workflow("t", condition(IS_ONE, then=[HOUR], otherwise=[B, wait_for("acknowledged", hours=2)]), A))
        run = walked(acme, bob, n=1)

        found = explain(run, bob)

        assert [(one.step, one.code) for one in found.sentences] == [
            ("", "named"),
            ("0", "passed"),
            ("0.then.0", "waits"),
            ("0.else.0", "other_way"),
            ("0.else.1", "other_way"),
            ("1", "not_reached"),
            ("", "walking"),
        ]
        assert found.sentences[3].text == "Did not come to this step: they were sent another way before."

    @pytest.mark.parametrize(("n", "taken", "other"), [(1, "then", "else"), (2, "else", "then")])
    def test_which_one_it_was_is_known_behind_it_though_nothing_happened_there(
        self, acme: Tenant, bob: Recipient, publish: Publish, n: int, taken: str, other: str
    ) -> None:
        publish(workflow("t", condition(IS_ONE, then=[HOUR, HOUR], otherwise=[DAY, DAY]), A))
        run = walked(acme, bob, n=n)
        assert at(explain(run, bob), f"0.{taken}.0") == ["waits"]
        wake_everybody()
        assert [at(explain(further(run), bob), f"0.{taken}.{place}") for place in (0, 1)] == [["waited"], ["waits"]]
        wake_everybody()

        found = explain(further(run), bob)

        assert [at(found, f"0.{taken}.{place}") for place in (0, 1)] == [["waited"], ["waited"]]
        assert [at(found, f"0.{other}.{place}") for place in (0, 1)] == [["other_way"], ["other_way"]]
        assert found.codes[-1] == "done"

    def test_who_ends_in_a_branch_did_not_come_to_the_other(
        self, acme: Tenant, bob: Recipient, publish: Publish
    ) -> None:
        publish(workflow("t", A, condition(IS_ONE, then=[HOUR], otherwise=[DAY])))
        run = walked(acme, bob, n=1)
        wake_everybody()

        assert at(explain(further(run), bob), "1.else.0") == ["other_way"]

    def test_who_has_no_branch_to_go_did_not_come_to_those_there_are(
        self, acme: Tenant, bob: Recipient, publish: Publish
    ) -> None:
        nested = condition(IS_ONE, then=[HOUR], when={"var": "payload.asked"})
        publish(workflow("t", throttle(1, within=timedelta(hours=1), otherwise=[B]), nested, A))

        found = explain(walked(acme, bob, n=1, asked=False), bob)

        assert [at(found, step) for step in ("0.else.0", "1", "1.then.0")] == [
            ["other_way"],
            ["condition"],
            ["other_way"],
        ]

    def test_who_was_stopped_before_had_no_way_yet(self, acme: Tenant, bob: Recipient, publish: Publish) -> None:
        publish(workflow("t", wait_for("acknowledged", hours=1, on_timeout="stop"), condition(IS_ONE, then=[B])))
        run = walked(acme, bob)
        assert at(explain(run, bob), "1.then.0") == ["not_reached"]
        wake_everybody()

        assert at(explain(further(run), bob), "1.then.0") == ["never_reached"]

    def test_branches_within_branches(self, acme: Tenant, bob: Recipient, publish: Publish) -> None:
        inner = condition(IS_ONE, then=[HOUR], otherwise=[DAY])
        publish(workflow("t", condition(IS_ONE, then=[inner, HOUR], otherwise=[inner]), A))
        run = walked(acme, bob, n=1)
        wake_everybody()

        found = explain(further(run), bob)

        said = {one.step: one.code for one in found.sentences if one.step}
        assert said == {
            "0": "passed",
            "0.then.0": "passed",
            "0.then.0.then.0": "waited",
            "0.then.0.else.0": "other_way",
            "0.then.1": "waits",
            "0.else.0": "other_way",
            "0.else.0.then.0": "other_way",
            "0.else.0.else.0": "other_way",
            "1": "not_reached",
        }

    def test_a_digest_in_one_goes_on_in_it(self, acme: Tenant, bob: Recipient, publish: Publish) -> None:
        publish(workflow("t", condition(IS_ONE, then=[A], otherwise=[digest(hours=1), HOUR]), B))
        walked(acme, bob)
        Window.objects.across_tenants().update(closes_at=db_now())
        engine.drain()
        carrier = Run.objects.get(tenant=acme, digest="0.else.0")
        assert at(explain(carrier, bob), "0.else.1") == ["waits"]
        wake_everybody()

        found = explain(further(carrier), bob)

        assert [at(found, step) for step in ("0.then.0", "0.else.1")] == [["other_way"], ["waited"]]

    def test_it_is_on_record_and_no_outcome(self, acme: Tenant, bob: Recipient, publish: Publish) -> None:
        publish(workflow("t", condition(IS_ONE, name="fork", then=[A], otherwise=[B])))
        run = walked(acme, bob, n=1)

        assert outcomes(run) == {"done": {bob.pk}}
        assert [(one.step, one.detail) for one in Outcome.ways.all()] == [("0", "then")]

    def test_it_costs_one_statement_however_many_go(self, acme: Tenant, publish: Publish) -> None:
        publish(workflow("t", condition(IS_ONE, then=[A], otherwise=[B])))

        found = []
        for people in (crowd(acme, 2), crowd(acme, 900, prefix="q")):
            with statements() as said:
                walked(acme, *people, n=1)
            found.append(len([one for one in said if one.startswith(f'INSERT INTO "{Outcome._meta.db_table}"')]))

        assert found[0] == found[1] == 2  # one at the fork, and one at the end
