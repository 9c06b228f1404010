"""What came of it is written once, by whoever holds the lease."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from channels_delivery import outbox
from channels_delivery.models import Attempt, Channel, Delivery, Lane
from channels_delivery.outcome import Accepted, Delivered, Outcome, Permanent, Temporary
from channels_delivery.sweeps import sweep_lost
from notifications.kernel.clock import db_now
from notifications.models import Tenant

from .moves import attempts, deliveries, finish, fresh_id, lane, later, put, states, take

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


@pytest.mark.parametrize(
    ("outcome", "state", "code"),
    [
        (Delivered(), "delivered", ""),
        (Accepted(), "accepted", ""),
        (Permanent("content"), "failed", "content"),
        (Temporary("network"), "pending", "network"),
    ],
)
def test_each_outcome_has_its_state(acme: Tenant, outcome: Outcome, state: str, code: str) -> None:
    [one] = put(acme)

    finish(take(), outcome)

    one.refresh_from_db()
    assert (one.state, one.code, one.lease_token) == (state, code, None)
    assert (one.finished_at is None) == (state == "pending")
    assert attempts(one) == ["retry" if state == "pending" else state]
    assert lane(acme).in_flight == 0


def test_a_retry_waits_its_time_and_the_last_one_is_dead(acme: Tenant) -> None:
    [one] = put(acme)
    now = later(0)
    for wait in (30, 120, 600):
        finish(take(now=now), Temporary("crash"), now=now)
        one.refresh_from_db()
        assert one.due_at == now + timedelta(seconds=wait)
        assert not take(now=now + timedelta(seconds=wait - 1))
        now += timedelta(seconds=wait)

    finish(take(now=now), Temporary("crash"), now=now)

    assert states() == {"dead": 1}
    assert attempts(one) == ["retry", "retry", "retry", "dead"]


def test_a_retry_never_comes_after_the_expiry(acme: Tenant) -> None:
    put(acme, expires_at=later(20))

    finish(take(), Temporary("network"))

    assert states() == {"expired": 1}


def test_a_worker_whose_lease_was_lost_writes_nothing(acme: Tenant) -> None:
    [one] = put(acme)
    stale = take()
    sweep_lost(now=later(41))
    [current] = take(now=later(41))
    held = lane(acme).in_flight

    assert finish(stale, Permanent("content"), now=later(42)) == []

    one.refresh_from_db()
    assert (one.state, one.lease_token, lane(acme).in_flight) == ("sending", current.token, held)
    assert attempts(one) == ["lost", ""]


def test_a_result_counts_once_however_often_it_comes(acme: Tenant) -> None:
    put(acme, "a", "b")
    parcels = take()

    for _ in range(3):
        finish(parcels[:1])

    assert lane(acme).in_flight == 1
    assert states() == {"delivered": 1, "sending": 1}


def test_the_retry_of_what_was_revoked_is_a_cancel(acme: Tenant) -> None:
    origin = fresh_id()
    put(acme, "a", "b", origin=origin)
    parcels = take()
    assert outbox.cancel(origin=origin, now=db_now()) == (0, 2)

    finish(parcels[:1], Temporary("network"))
    finish(parcels[1:], Delivered())

    assert states() == {"cancelled": 1, "delivered": 1}
    assert not deliveries().filter(finished_at=None).exists()


def test_a_lost_lease_of_what_was_revoked_is_a_cancel(acme: Tenant) -> None:
    origin = fresh_id()
    put(acme, origin=origin)
    take()
    outbox.cancel(origin=origin, now=db_now())

    sweep_lost(now=later(41))

    assert states() == {"cancelled": 1}
    assert not take(now=later(100))


def test_who_asks_for_patience_gets_it_from_the_whole_lane(acme: Tenant) -> None:
    put(acme, *"abc")

    finish(take(1), Temporary("rate_limited", retry_after=300, slow_lane=True))

    assert not take(now=later(299))
    assert len(take(now=later(301))) == 3
    assert Delivery.objects.filter(tenant=acme, attempt=2).count() == 1


@pytest.mark.parametrize(("asked", "waited"), [(3_600, 3_600), (7_200, 7_200), (10 * 86_400, 86_400)])
def test_what_is_said_of_one_alone_makes_no_other_wait(acme: Tenant, asked: int, waited: int) -> None:
    first, *others = put(acme, *"abc")

    finish(take(1), Temporary("rate_limited", retry_after=asked, alone=True))

    assert {one.id for one in take(now=later(1))} == {one.pk for one in others}
    first.refresh_from_db()
    assert first.due_at - db_now() == pytest.approx(timedelta(seconds=waited), abs=timedelta(minutes=1))


def test_gone_for_good_turns_the_channel_off(acme: Tenant) -> None:
    channel = Channel.objects.create(tenant=acme, kind="scripted", name="c", secrets={})
    put(acme, channel=channel.pk)

    finish(take(), Permanent("address", disable=True))

    channel.refresh_from_db()
    assert channel.paused_at is not None


def test_strange_words_of_one_do_not_lose_the_others(acme: Tenant) -> None:
    put(acme, "a", "b")
    parcels = take()

    finish(parcels[:1], Permanent("content", "nul \0 and \udc80 and " + "long " * 2_000))
    finish(parcels[1:])

    assert states() == {"failed": 1, "delivered": 1}
    assert max(len(one.detail) for one in Attempt.objects.all()) == 4_000


@pytest.mark.postgres
def test_a_cancel_that_is_not_committed_is_not_waited_for(acme: Tenant, globex: Tenant) -> None:
    origin = fresh_id()
    put(acme, origin=origin)
    put(globex)
    parcels = take()
    put_off: list[object] = []

    def other() -> None:
        put_off.extend(finish(parcels, Temporary("network")))
        connection.close()

    with transaction.atomic():
        outbox.cancel(origin=origin, now=db_now())
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(timeout=20)
        assert not thread.is_alive(), "it waits for the caller of cancel"

    assert [result.parcel.tenant_id for result in put_off] == [acme.pk]  # type: ignore[attr-defined]
    assert finish(parcels, Temporary("network")) == []
    assert states() == {"cancelled": 1, "pending": 1}
    assert set(Lane.objects.across_tenants().values_list("in_flight", flat=True)) == {0}


@pytest.mark.postgres
def test_a_long_transaction_that_enqueues_stops_nobody(acme: Tenant) -> None:
    put(acme, "a")
    parcels = take()
    ended = threading.Event()

    def other() -> None:
        finish(parcels)
        connection.close()
        ended.set()

    with transaction.atomic():
        put(acme, "b")
        threading.Thread(target=other).start()
        assert ended.wait(timeout=20), "it waits for whoever enqueues"

    assert states() == {"delivered": 1, "pending": 1}
    assert len(take()) == 1
