"""Few people who are named are told in one transaction; whatever is not as simple goes the usual way."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from notifications import visibility
from notifications.kernel.clock import db_now
from notifications.models import InboxState, Notification, Recipient, Tenant
from preferences.models import Choice
from tests.cast import Publish, crowd, items_of, outcomes, rolled_back, run_named, statements, titles, topic, workflow
from workflows import engine
from workflows.at_once import FRESH
from workflows.define import delay, send_inbox
from workflows.models import Awaited, Chunk, Cohort, Outcome, Run, Status
from workflows.retract import cancel
from workflows.retract_for import cancel_for
from workflows.runs import everyone_is_accounted_for
from workflows.step import Effect, Plan, Scene, all_next
from workflows.steps import STEPS
from workflows.trigger import trigger

pytestmark = pytest.mark.django_db


def start(tenant: Tenant, *recipients: Any, key: str = "hello", **given: Any) -> Run:
    return run_named(trigger(key, tenant=tenant, recipients=recipients, **given).transaction_id)


def walked(run: Run, **given: Any) -> Run:
    engine.drain(**given)
    run.refresh_from_db()
    assert everyone_is_accounted_for(run)
    return run


def went_the_usual_way() -> bool:
    return Cohort.objects.across_tenants().exists()


def test_one_person_is_told_and_their_run_ended(acme: Tenant, bob: Recipient, hello: None) -> None:
    run = walked(start(acme, bob, payload={"name": "Bob"}))

    assert (run.status, run.people, titles(bob)) == (Status.SENT, 1, ["Hello Bob"])
    assert run.finished_at
    assert outcomes(run) == {"done": {bob.pk}}
    assert not went_the_usual_way()


def test_it_takes_few_statements(acme: Tenant, bob: Recipient, hello: None) -> None:
    start(acme, bob)

    with statements() as found:
        engine.drain()

    looks = [one for one in found if "to_expand" in one or "clock_timestamp" in one]
    assert len(found) - len(looks) <= (8 if connection.vendor == "postgresql" else 12), found


def test_who_does_not_want_it_has_their_reason(acme: Tenant, hello: None) -> None:
    wants, declines = crowd(acme, 2)
    Choice.objects.create(tenant=acme, recipient=declines, workflow="hello", wanted=False)

    run = walked(start(acme, wants, declines))

    assert (items_of(run), went_the_usual_way()) == ({wants.pk: 1}, False)
    assert outcomes(run, final=False) == {"off_by_workflow": {declines.pk}}
    assert outcomes(run, final=True) == {"done": {wants.pk, declines.pk}}


def test_who_has_steps_before_them_goes_on_at_once(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", send_inbox(title="one"), send_inbox(title="two"), delay(hours=1), send_inbox(title="three")))
    people = crowd(acme, 2)

    run = walked(start(acme, *people, key="t"))

    assert [titles(one) for one in people] == [["two", "one"]] * 2
    cohort = Cohort.objects.get(tenant=acme, open=True)
    assert (cohort.step, len(cohort.people), run.status) == ("3", 2, Status.PROCESSING)


def test_whose_worker_dies_behind_the_first_step_goes_on_when_the_lease_ends(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", send_inbox(title="one"), send_inbox(title="two")))
    (person,) = crowd(acme, 1)
    run = start(acme, person, key="t")
    with pytest.raises(KeyboardInterrupt):
        engine.drain(steps={**STEPS, "send": Dies("1")})
    engine.drain()
    assert titles(person) == ["one"], "somebody holds them"

    Cohort.objects.across_tenants().update(wake_at=db_now())

    assert walked(run).status == Status.SENT
    assert titles(person) == ["two", "one"]


def test_a_worker_that_dies_within_has_done_nothing(acme: Tenant, bob: Recipient, hello: None) -> None:
    run = start(acme, bob)

    with pytest.raises(KeyboardInterrupt):
        engine.drain(steps={**STEPS, "send": Dies("0", late=True)})

    run.refresh_from_db()
    assert (run.status, run.people, titles(bob)) == (Status.PENDING, 0, [])
    assert not Chunk.objects.across_tenants().exists()
    assert not InboxState.objects.filter(recipient=bob).exists()
    assert walked(run).status == Status.SENT
    assert titles(bob) == ["Hello"]


def test_what_breaks_goes_the_usual_way_and_is_counted_there(acme: Tenant, bob: Recipient, hello: None) -> None:
    run = start(acme, bob)

    engine.drain(steps={**STEPS, "send": Breaks()})

    cohort = Cohort.objects.get(tenant=acme, open=True)
    assert (cohort.tries, cohort.lease_token, titles(bob)) == (1, None, [])
    assert not Notification.objects.filter(tenant=acme).exists()
    cohort.wake_at = db_now()
    cohort.save()
    assert walked(run).status == Status.SENT


def test_what_has_waited_goes_the_usual_way(acme: Tenant, bob: Recipient, hello: None) -> None:
    run = start(acme, bob)
    Run.objects.across_tenants().update(start_at=db_now() - FRESH)

    assert walked(run).status == Status.SENT
    assert went_the_usual_way()


def test_so_do_those_who_are_not_named(acme: Tenant, bob: Recipient, hello: None) -> None:
    run = walked(start(acme, topic(acme, "news", bob)))

    assert (items_of(run), went_the_usual_way()) == ({bob.pk: 1}, True)


def test_so_does_what_somebody_waits_for(acme: Tenant, bob: Recipient, hello: None) -> None:
    other = start(acme, bob, key="hello")
    engine.drain()
    values = {"event": "hello", "value": "x", "run": other, "step": "0", "until": db_now() + timedelta(hours=1)}
    Awaited.objects.create(tenant=acme, **values)

    walked(start(acme, bob))

    assert went_the_usual_way()


def test_a_site_is_not_asked_meanwhile(acme: Tenant, bob: Recipient, hello: None) -> None:
    with visibility.answered_by(lambda pairs: pairs):
        run = walked(start(acme, bob, target={"type": "document", "id": "17"}))

    assert (run.status, went_the_usual_way()) == (Status.SENT, True)


def test_who_was_cancelled_before_is_not_told(acme: Tenant, hello: None) -> None:
    one, other = crowd(acme, 2)
    whole, part = start(acme, one, other), start(acme, one, other)
    cancel(whole.transaction_id, tenant=acme)
    cancel_for(part.transaction_id, tenant=acme, recipients=[one])

    walked(part)

    assert (titles(one), titles(other)) == ([], ["Hello"])
    assert outcomes(part) == {"cancelled": {one.pk}, "done": {other.pk}}


def test_what_the_usual_way_and_this_one_leave_behind_is_the_same(acme: Tenant, bob: Recipient, hello: None) -> None:
    def left_behind(run: Run) -> list[Any]:
        chunk = Chunk.objects.get(tenant=acme, run=run)
        said = Outcome.objects.filter(chunk=chunk).values("step", "round", "channel", "reason", "final", "detail")
        told = Notification.objects.filter(tenant=acme, origin=run.public_id).values("title", "origin_step", "content")
        run.refresh_from_db()
        return [chunk.people, chunk.first_id, chunk.last_id, list(said), list(told), run.status, run.people, run.cursor]

    with rolled_back():
        short = left_behind(walked(start(acme, bob)))
    run = start(acme, bob)
    Run.objects.across_tenants().update(start_at=db_now() - FRESH)

    assert left_behind(walked(run)) == short


class Dies:
    """The step that sends; its worker is gone at this position, before the plan or with everything written."""

    kind, schema = "send", STEPS["send"].schema

    def __init__(self, position: str, *, late: bool = False) -> None:
        self._position, self._late = position, late

    def at_once(self, settings: Mapping[str, Any]) -> bool:
        return True

    def plan(self, settings: Mapping[str, Any], scene: Scene) -> Plan:
        if scene.step != self._position:
            return STEPS["send"].plan(settings, scene)
        if not self._late:
            raise KeyboardInterrupt
        effect: Effect = self
        return Plan(all_next(scene), effects=[*STEPS["send"].plan(settings, scene).effects, effect])

    def apply(self, live: Any, scene: Scene) -> None:
        raise KeyboardInterrupt


class Breaks(Dies):
    """The same, with an error instead."""

    def __init__(self) -> None:
        super().__init__("0", late=True)

    def apply(self, live: Any, scene: Scene) -> None:
        raise ZeroDivisionError
