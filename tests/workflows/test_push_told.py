"""Pushes before and after: what a dry run says of people with and without devices, and what the explanation does."""

import pytest

from channels_delivery import endpoints, simulated
from channels_delivery.outcome import Accepted
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from tests.cast import Publish, run_named, workflow
from workflows import engine
from workflows.define import send
from workflows.explain import explain
from workflows.trigger import Trigger, dry_run, trigger

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def devices(publish: Publish, alice: Recipient) -> None:
    """Two of Alice's; Bob has none."""
    publish(workflow("t.push", send("push", title="Ping")))
    endpoints.pretend(
        [(alice.pk, "push", "Phone"), (alice.pk, "push", "Laptop")], tenant_id=alice.tenant_id, now=db_now()
    )


def test_a_dry_run_tells_who_has_a_device(acme: Tenant, alice: Recipient, bob: Recipient) -> None:
    found = dry_run(Trigger("t.push", recipients=[alice, bob]), tenant=acme)

    assert [(one.channel, one.people, one.skipped) for one in found.sends] == [("push", 1, {"no_address": 1})]
    assert {one["user"]: one["channels"] for one in found.first} == {"alice": ["push"], "bob": []}


def test_an_explanation_speaks_of_each_device(acme: Tenant, alice: Recipient, bob: Recipient) -> None:
    run = run_named(trigger("t.push", tenant=acme, recipients=[alice, bob]).transaction_id)
    engine.drain()
    simulated.send_due(tenant_id=acme.pk, now=db_now(), sender=lambda _: Accepted("HTTP 201"))
    run.refresh_from_db()

    assert explain(run, alice).codes == ["named", *["sent", "accepted"] * 2, "done"]
    assert explain(run, bob).codes == ["named", "no_address", "done"]
