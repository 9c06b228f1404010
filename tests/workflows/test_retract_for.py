"""Cancelling for some people: they hear nothing more, the others everything, and the numbers are theirs."""

from datetime import timedelta
from typing import Any

import pytest

from notifications.kernel.clock import db_now
from notifications.models import Recipient, Role, State, Tenant
from tests.cast import Publish, crowd, outcomes, run_named, titles, topic, wake_everybody, workflow
from tests.channels_delivery.conftest import scripted  # noqa: F401
from workflows import engine
from workflows.claim import claim_due
from workflows.conf import CHUNK
from workflows.define import delay, digest, escalate, level, send, send_inbox
from workflows.expand import expand_due
from workflows.models import HOUSE, Run, Status, Window
from workflows.refusals import UnknownRun
from workflows.retract import cancel
from workflows.retract_for import cancel_for
from workflows.runs import everyone_is_accounted_for
from workflows.trigger import Trigger, trigger, trigger_many

from .sending.moves import reachable, to_people

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_steps(publish: Publish) -> None:
    publish(workflow("t.two", send_inbox(title="first"), delay(hours=2), send_inbox(title="second")))


def start(key: str, tenant: Tenant, *recipients: Any) -> Run:
    return run_named(trigger(key, tenant=tenant, recipients=recipients).transaction_id)


def cancelled(run: Run, *people: Recipient) -> tuple[int, int]:
    answer = cancel_for(run.transaction_id, tenant=run.tenant, recipients=people)
    return answer.cancelled, answer.too_late


def ended(run: Run) -> dict[str, set[int]]:
    """How its people ended, after all."""
    for _ in range(3):
        engine.drain()
        wake_everybody()
    run.refresh_from_db()
    assert (run.status, everyone_is_accounted_for(run)) == (Status.SENT, True)
    return {reason: people - {HOUSE} for reason, people in outcomes(run, final=True).items() if people - {HOUSE}}


def test_who_sleeps_hears_nothing_more_and_the_others_do(acme: Tenant, two_steps: None) -> None:
    one, other = crowd(acme, 2)
    run = start("t.two", acme, one, other)
    engine.drain()

    assert cancelled(run, one) == (1, 0)

    assert ended(run) == {"cancelled": {one.pk}, "done": {other.pk}}
    assert (titles(one), titles(one, state=State.WITHDRAWN)) == ([], ["first"])
    assert titles(other) == ["second", "first"]


def test_before_they_are_resolved(acme: Tenant, hello: None) -> None:
    people = crowd(acme, 5)
    run = start("hello", acme, topic(acme, "news", *people[:4]))

    assert cancelled(run, people[0], people[3], people[4]) == (2, 0)

    assert ended(run) == {"cancelled": {people[0].pk, people[3].pk}, "done": {people[1].pk, people[2].pk}}


def test_while_half_of_a_large_run_is_resolved(acme: Tenant, hello: None) -> None:
    people = crowd(acme, 9 * CHUNK)
    run = start("hello", acme, {"everyone": True})
    expand_due(now=db_now())

    assert cancelled(run, people[0], people[-1]) == (2, 0)

    assert ended(run)["cancelled"] == {people[0].pk, people[-1].pk}


def test_who_had_been_told_is_too_late_and_loses_the_item(acme: Tenant, hello: None) -> None:
    one, other, stranger = crowd(acme, 3)
    run = start("hello", acme, one, other)
    engine.drain()

    assert cancelled(run, one, stranger) == (0, 1)

    assert (titles(one), len(titles(other))) == ([], 1)
    assert ended(run) == {"done": {one.pk, other.pk}}


def test_again_says_nothing_and_the_rest_can_still_be_cancelled(acme: Tenant, two_steps: None) -> None:
    people = crowd(acme, 3)
    run = start("t.two", acme, *people)
    engine.drain()

    assert [cancelled(run, people[0]), cancelled(run, people[0], people[1])] == [(1, 0), (1, 0)]
    answer = cancel(run.transaction_id, tenant=acme)

    assert (answer.cancelled, answer.too_late) == (1, 0)
    assert cancelled(run, *people) == (0, 0)
    assert ended(run) == {"cancelled": {one.pk for one in people}}


def test_whom_a_worker_holds_at_this_moment_it_stops(acme: Tenant, hello: None) -> None:
    one, other = crowd(acme, 2)
    run = start("hello", acme, one, other)
    expand_due(now=db_now())
    (held,) = claim_due(now=db_now(), lease=timedelta(seconds=30))

    assert cancelled(run, one) == (1, 0)
    engine.advance(held)

    assert ended(run) == {"cancelled": {one.pk}, "done": {other.pk}}
    assert titles(one) == []


@pytest.mark.parametrize("step", ["unresolved", "held"])
def test_who_was_cancelled_before_does_not_count_again(acme: Tenant, hello: None, step: str) -> None:
    one, other = crowd(acme, 2)
    run = start("hello", acme, one, other)
    if step == "held":
        expand_due(now=db_now())
        claim_due(now=db_now(), lease=timedelta(seconds=30))
    cancelled(run, one)

    answer = cancel(run.transaction_id, tenant=acme)

    assert (answer.cancelled, answer.too_late) == (1, 0)


def test_a_person_who_is_named_by_their_address_counts(acme: Tenant, hello: None) -> None:
    one, other = crowd(acme, 2, email="one@example.org")
    run = start("hello", acme, {"email": "one@example.org"}, other)

    assert cancelled(run, one) == (1, 0)

    assert ended(run) == {"cancelled": {one.pk}, "done": {other.pk}}


def test_in_a_shared_chunk_other_runs_are_not_touched(acme: Tenant, two_steps: None) -> None:
    one, other = crowd(acme, 2)
    answers = trigger_many([Trigger("t.two", {}, [one, other]) for _ in range(2)], tenant=acme)
    engine.drain()
    runs = [run_named(answer.transaction_id) for answer in answers]

    assert cancelled(runs[0], one) == (1, 0)

    assert ended(runs[1]) == {"done": {one.pk, other.pk}}
    assert (titles(one), len(titles(other))) == (["second", "first"], 4)


def test_when_nobody_is_left_the_run_is_over(acme: Tenant, bob: Recipient, two_steps: None) -> None:
    run = start("t.two", acme, bob)
    engine.drain()

    cancelled(run, bob)

    run.refresh_from_db()
    assert (run.status, run.shown_status, run.finished_at is not None) == ("sent", "sent", True)


def test_their_event_is_taken_out_of_their_digest(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t.digest", digest(hours=1), send_inbox(title="{{ digest.count }}")))
    one, other = crowd(acme, 2)
    runs = [start("t.digest", acme, one, other) for _ in range(2)]
    engine.drain()

    assert cancelled(runs[0], one) == (1, 0)
    Window.objects.across_tenants().update(closes_at=db_now())
    engine.drain()

    assert (titles(one), titles(other)) == (["1"], ["2"])


def test_who_is_called_in_later_is_not_told(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    one, other = crowd(acme, 2, role=Role.ADMIN)
    second = level(send_inbox(title="Fire"), to=[{"role": "admin"}], minutes=5)
    publish(workflow("t.fire", escalate(level(send_inbox(title="x"), minutes=5), second)))
    run = start("t.fire", acme, bob)
    engine.drain()

    assert cancelled(run, one) == (0, 0)

    assert ended(run) == {"cancelled": {one.pk}, "done": {other.pk, bob.pk}}
    assert (titles(one), titles(other)) == ([], ["Fire"])


@pytest.mark.usefixtures("scripted")
def test_what_waits_in_the_outbox_for_them_is_taken_back(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t", send("scripted", title="Hello")))
    one, other = reachable(acme, 2)
    run = start("t", acme, one, other)
    engine.drain()

    answer = cancel_for(run.transaction_id, tenant=acme, recipients=[one])

    assert (answer.deliveries_cancelled, answer.deliveries_too_late) == (1, 0)
    assert set(to_people(run)) == {one.pk, other.pk}


def test_a_run_of_others_is_unknown(acme: Tenant, mallory: Recipient, hello: None) -> None:
    run = start("hello", acme, *crowd(acme, 1))

    with pytest.raises(UnknownRun):
        cancel_for(run.transaction_id, tenant=mallory.tenant, recipients=[mallory])
