"""Who closes digests has them in hand for their first step."""

from datetime import timedelta

import pytest

from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from tests.cast import Publish, crowd, statements, titles, workflow
from workflows import engine
from workflows.claim import claim_due
from workflows.closing import Closed, close_due
from workflows.define import digest, send_inbox
from workflows.retract import cancel
from workflows.runs import everyone_is_accounted_for

from .moves import COUNT, carriers, let_them_be_due, start

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hourly")]
LEASE = timedelta(seconds=30)


def closed(tenant: Tenant) -> Closed:
    let_them_be_due()
    found = close_due(now=db_now(), tenant=tenant.pk, lease=LEASE)
    assert found is not None
    return found


def go_on(what: Closed) -> None:
    assert what.held is not None
    engine.advance(what.held, work=what.work)


def test_nobody_else_takes_them_and_they_are_told_at_once(acme: Tenant, bob: Recipient) -> None:
    start("t.hourly", acme, bob, n=1)
    start("t.hourly", acme, bob, n=2)

    mine = closed(acme)
    others = claim_due(now=db_now(), lease=LEASE)
    with statements() as found:
        go_on(mine)

    assert others == []
    assert not any("windowitem" in one and "ORDER BY i.run_id" in one for one in found), "it was read before"
    assert titles(bob) == ["2: 1 2"]


def test_what_a_dead_worker_had_in_hand_is_told_once_by_another(acme: Tenant, bob: Recipient) -> None:
    start("t.hourly", acme, bob, n=1)
    mine = closed(acme)

    engine.drain()
    assert titles(bob) == []
    engine.drain(clock=lambda: db_now() + 2 * LEASE)
    go_on(mine)  # it was only believed to be dead

    assert titles(bob) == ["1: 1"]
    assert all(everyone_is_accounted_for(run) for run in carriers())


def test_an_event_that_is_cancelled_meanwhile_is_not_told(acme: Tenant, bob: Recipient) -> None:
    runs = [start("t.hourly", acme, bob, n=n) for n in range(2)]
    mine = closed(acme)

    cancel(runs[0].transaction_id, tenant=acme)
    go_on(mine)
    engine.drain()

    assert titles(bob) == ["1: 1"]


def test_a_digest_that_lost_everything_meanwhile_is_silent(acme: Tenant) -> None:
    one, other = crowd(acme, 2)
    first = start("t.hourly", acme, one, n=1)
    start("t.hourly", acme, other, n=2)
    mine = closed(acme)

    cancel(first.transaction_id, tenant=acme)
    go_on(mine)
    engine.drain()

    assert (titles(one), titles(other)) == ([], ["1: 2"])
    assert [run.status for run in carriers()] == ["sent"]


def test_a_digest_behind_a_digest_is_collected_by_the_same_hand(acme: Tenant, bob: Recipient, publish: Publish) -> None:
    publish(workflow("t.twice", digest(minutes=5), send_inbox(title="once"), digest(hours=1), COUNT))
    start("t.twice", acme, bob, n=1)

    go_on(closed(acme))
    go_on(closed(acme))

    assert titles(bob) == ["1: 1", "once"]
