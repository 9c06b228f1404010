"""Cancelling takes events out of digests for as long as those have something to say."""

from datetime import timedelta

import pytest
from django.db import transaction

from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from tests.cast import Publish, crowd, outcomes, run_named, titles, wake_everybody, workflow
from workflows import engine
from workflows.claim import claim_due
from workflows.closing import close_due
from workflows.define import delay, digest, send_inbox
from workflows.retract import cancel
from workflows.scene import load_work
from workflows.settle import settle
from workflows.step import Stale
from workflows.steps import STEPS

from .moves import COUNT, carriers, let_them_be_due, start, their_time_comes

pytestmark = pytest.mark.django_db


def test_it_takes_the_event_out_of_an_open_window(acme: Tenant, bob: Recipient, hourly: None) -> None:
    runs = [start("t.hourly", acme, bob, n=n) for n in range(3)]

    answer = cancel(runs[1].transaction_id, tenant=acme)
    their_time_comes()

    assert (answer.cancelled, answer.too_late) == (1, 0)
    assert titles(bob) == ["2: 0 2"]


def test_of_whoever_opened_it_too(acme: Tenant, bob: Recipient, hourly: None) -> None:
    runs = [start("t.hourly", acme, bob, n=n) for n in range(2)]

    cancel(runs[0].transaction_id, tenant=acme)
    their_time_comes()

    assert titles(bob) == ["1: 1"]


def test_an_empty_window_sends_nothing(acme: Tenant, bob: Recipient, hourly: None) -> None:
    run = start("t.hourly", acme, bob, n=1)

    cancel(run.transaction_id, tenant=acme)
    their_time_comes()

    assert (titles(bob), carriers()) == ([], [])
    assert run_named(run.transaction_id).shown_status == "retracted"


def test_it_takes_the_event_out_of_a_digest_that_still_walks(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t.waits", digest(hours=1), delay(hours=1), COUNT))
    one, other = crowd(acme, 2)
    first = start("t.waits", acme, one, other, n=1)
    start("t.waits", acme, one, n=2)
    their_time_comes()

    answer = cancel(first.transaction_id, tenant=acme)
    wake_everybody()
    their_time_comes()

    assert (answer.cancelled, answer.too_late) == (0, 2)
    assert (titles(one), titles(other)) == (["1: 2"], [])
    assert outcomes(carriers()[0], final=True) == {"done": {one.pk}, "cancelled": {other.pk}}


def test_between_planning_and_writing_it_is_planned_again(acme: Tenant, bob: Recipient, hourly: None) -> None:
    runs = [start("t.hourly", acme, bob, n=n) for n in range(2)]
    let_them_be_due()
    close_due(now=db_now())
    (held,) = claim_due(now=db_now(), lease=timedelta(seconds=30))
    work = load_work(held, now=db_now())
    assert work is not None
    plan = STEPS["send"].plan({"channel": "inbox", "template": {"title": "both"}}, work.scene)
    cancel(runs[0].transaction_id, tenant=acme)

    with pytest.raises(Stale), transaction.atomic():
        settle(held, work, plan)
    engine.advance(held)

    assert titles(bob) == ["1: 1"]


def test_it_reaches_events_that_a_second_digest_has_taken_on(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    publish(workflow("t.chained", digest(minutes=5), digest(hours=1), COUNT))
    runs = [start("t.chained", acme, bob, n=n) for n in range(2)]
    their_time_comes(step="0")

    answer = cancel(runs[0].transaction_id, tenant=acme)
    their_time_comes()

    assert answer.cancelled == 1
    assert titles(bob) == ["1: 1"]


def test_a_digest_is_a_run_that_can_be_cancelled_itself(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    publish(workflow("t.waits", digest(hours=1), COUNT, delay(hours=1), send_inbox(title="again")))
    run = start("t.waits", acme, bob, n=1)
    their_time_comes()
    (carrier,) = carriers()

    answer = cancel(carrier.transaction_id, tenant=acme)
    engine.drain()

    assert (answer.cancelled, titles(bob)) == (1, [])
    assert run_named(run.transaction_id).shown_status == "sent"
