"""An explanation knows how far somebody came."""

from datetime import timedelta
from typing import Any

import pytest

from notifications.models import Recipient, Tenant
from tests.cast import Publish, run_named, wake_everybody, workflow
from workflows import engine, retract
from workflows.acknowledge import acknowledge
from workflows.define import (
    StepSettings,
    digest,
    escalate,
    level,
    send_inbox,
    throttle,
    wait_for,
)
from workflows.explain import Explanation, explain
from workflows.models import Run
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
