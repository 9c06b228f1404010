"""What a silence or inhibition would hit: of the runs of late, and of who waits now."""

from datetime import timedelta
from typing import Any

import pytest

from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from tests.cast import Publish, crowd, run_named, statements, workflow
from workflows import engine
from workflows.acknowledge import acknowledge
from workflows.conf import CHUNK
from workflows.define import delay, send_email, send_inbox
from workflows.hush import Calendar, Hush
from workflows.matching import Matcher, WhileActive
from workflows.models import Run, Silence
from workflows.silence_preview import Hits, preview
from workflows.trigger import Trigger, trigger, trigger_many

pytestmark = pytest.mark.django_db
HELLO = Matcher(workflows=["hel*"])


@pytest.fixture(autouse=True)
def flows(publish: Publish, hello: None) -> None:
    publish(workflow("device.down", send_inbox(title="Down")))
    publish(workflow("later", delay(hours=2), send_email(title="Later"), category="slow"))


def hits(tenant: Tenant, matcher: Matcher = HELLO, **given: Any) -> Hits:
    now = db_now()
    said = {"name": "Works", "matcher": matcher, "reason": "x", "ends_at": now + timedelta(hours=3), **given}
    return preview(tenant, Hush(**said), now=now)


def told(tenant: Tenant, *people: Recipient, key: str = "hello", ago: timedelta | None = None, **payload: Any) -> Run:
    run = run_named(trigger(key, tenant=tenant, recipients=people, payload=payload).transaction_id)
    engine.drain()
    run.refresh_from_db()
    if ago is not None:
        run.start_at = db_now() - ago
        run.save(update_fields=["start_at"])
    return run


def test_runs_of_late_that_fit_are_counted_with_their_people(acme: Tenant, mallory: Recipient) -> None:
    people = crowd(acme, 5)
    told(mallory.tenant, mallory)
    told(acme, people[0], key="device.down")
    told(acme, *people, ago=timedelta(days=8))
    first, second = told(acme, *people[:3], device="r1"), told(acme, *people[:1])

    found, of_device = hits(acme), hits(acme, Matcher(when={"==": [{"var": "payload.device"}, "r1"]}))

    assert (found.runs, found.people, found.estimated, found.workflows) == (2, 4, False, {"hello": 2})
    assert list(found.examples) == [second.transaction_id, first.transaction_id]
    assert (of_device.runs, of_device.people) == (1, 3)
    assert Silence.objects.filter(tenant=acme).count() == 0


def test_a_condition_on_people_counts_those_alone(acme: Tenant) -> None:
    north, south = crowd(acme, 2, prefix="n", locale="no"), crowd(acme, 3, prefix="s")
    told(acme, *north[:1], *south)
    told(acme, *south)
    trigger_many([Trigger("hello", {}, [one]) for one in (*north, *south)], tenant=acme)
    engine.drain()

    found = hits(acme, Matcher(when={"==": [{"var": "recipient.locale"}, "no"]}))

    assert (found.runs, found.people) == (3, 3)


def test_a_channel_that_a_workflow_does_not_send_on_is_not_hit(acme: Tenant, alice: Recipient) -> None:
    told(acme, alice)

    assert hits(acme, Matcher(channels=["email"])).runs == 0
    assert hits(acme, Matcher(channels=["inbox"])).runs == 1


def test_a_calendar_counts_for_runs_of_late(acme: Tenant, alice: Recipient) -> None:
    told(acme, alice)
    now = db_now()
    day = now.strftime("%a").lower()
    others = {name: [["00:00", "24:00"]] for name in ("mon", "tue", "wed", "thu", "fri", "sat", "sun") if name != day}

    assert hits(acme, calendar=Calendar({day: [["00:00", "24:00"]]})).runs == 1
    assert hits(acme, calendar=Calendar(others)).runs == 0


def test_who_waits_for_something_that_it_would_hold_back_is_counted(acme: Tenant) -> None:
    people = crowd(acme, 4)
    told(acme, *people, key="later")
    told(acme, *people[:1], key="later")

    assert hits(acme, Matcher(categories=["slow"])).waiting == 5
    assert hits(acme, Matcher(categories=["slow"]), ends_at=db_now() + timedelta(hours=1)).waiting == 0
    assert hits(acme, Matcher(channels=["inbox"])).waiting == 0
    assert hits(acme, Matcher(when={"==": [{"var": "recipient.external_id"}, "p0"]})).waiting == 2


def minutes(n: float) -> timedelta:
    return timedelta(minutes=n)


def test_an_inhibition_counts_runs_that_began_while_their_cause_was_active(acme: Tenant, alice: Recipient) -> None:
    told(acme, alice, key="device.down", ago=minutes(300), device="r1")
    told(acme, alice, key="device.down", ago=minutes(60), device="r2")
    inside = [told(acme, alice, ago=minutes(ago), device="r1") for ago in (299, 241)]
    for ago, device in ((301, "r1"), (239, "r1"), (250, "r2")):
        told(acme, alice, ago=minutes(ago), device=device)
    going = WhileActive(["device.*"], equal=["payload.device"])

    found = hits(acme, while_active=going)

    assert list(found.examples) == [one.transaction_id for one in reversed(inside)]


def test_an_inhibition_counts_nothing_after_its_cause_was_acknowledged_or_resolved(
    acme: Tenant, alice: Recipient
) -> None:
    first = told(acme, alice, key="device.down", device="r1")
    acknowledge(first.transaction_id, tenant=acme, recipient=alice)
    told(acme, alice, device="r1")
    told(acme, alice, key="device.down", device="r2", ago=minutes(3))
    told(acme, alice, key="later", device="r2", ago=minutes(2))
    told(acme, alice, device="r2", ago=minutes(1))
    going = WhileActive(["device.down"], equal=["payload.device"], resolved_by=["later"])

    assert hits(acme, while_active=going).runs == 0


def test_of_more_than_it_looks_at_it_reckons_and_says_so(acme: Tenant, alice: Recipient) -> None:
    for n in range(6):
        told(acme, alice, device=f"r{n % 2}")
    matcher = Matcher(when={"==": [{"var": "payload.device"}, "r1"]})
    hush = Hush("Works", matcher, reason="x", ends_at=db_now() + timedelta(hours=1))

    found = preview(acme, hush, now=db_now(), most=4)

    assert (found.runs, found.people, found.estimated) == (3, 3, True)


def test_it_costs_as_many_statements_for_a_thousand_people_as_for_ten(acme: Tenant, globex: Tenant) -> None:
    costs = []
    for tenant, size in ((acme, 10), (globex, CHUNK)):
        people = crowd(tenant, size)
        told(tenant, *people)
        told(tenant, *people, key="later")
        with statements() as found:
            hits(tenant, Matcher(when={"exists": "recipient.name"}), while_active=WhileActive(["device.down"]))
        costs.append(len(found))

    assert costs[0] == costs[1] < 20
