"""Taking back: what waits is not sent, what is under way is said to be too late, and nothing falls between the two."""

import random
import threading
import time
from collections import Counter

import pytest
from django.db import connection

from channels_delivery import outbox
from channels_delivery.models import Attempt
from channels_delivery.outcome import Permanent, Temporary
from channels_delivery.settle import settle
from notifications.kernel.clock import db_now
from notifications.models import Tenant
from tests.faults.rig import SEED, rounds

from .moves import deliveries, finish, fresh_id, put, states, take

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


def test_cancel_counts_what_it_cancelled_and_what_was_too_late(acme: Tenant) -> None:
    origin = fresh_id()
    put(acme, *"abc", origin=origin)
    put(acme, "other")
    finish(take(1))
    take(1)

    assert outbox.cancel(origin=origin, now=db_now()) == (1, 1)

    assert [parcel.address for parcel in take()] == ["other"]
    assert outbox.cancel(origin=origin, now=db_now()) == (0, 1)


def test_one_is_taken_back_unless_it_started(acme: Tenant) -> None:
    first, second = put(acme, "a", "b")
    take(1)

    assert not outbox.cancel_one(first, now=db_now())
    assert outbox.cancel_one(second, now=db_now())

    assert states() == {"sending": 1, "cancelled": 1}


@pytest.mark.postgres
@pytest.mark.faults
def test_after_an_acknowledged_cancel_no_attempt_starts(acme: Tenant) -> None:
    """60 interleavings with claimers, 500 in a soak. In two statements, the cancel would miss some."""
    found: Counter[str] = Counter()
    moments = random.Random(f"{SEED} cancel")
    for _ in range(rounds(few=60, soak=500)):
        origin = fresh_id()
        put(acme, *(str(n) for n in range(12)), origin=origin)
        mine = list(deliveries().filter(origin=origin).values_list("pk", flat=True))
        stop = threading.Event()

        def claim_on(stop: threading.Event = stop) -> None:
            while not stop.is_set():
                put_off = finish(take(2), Temporary("crash"))
                while put_off:  # its rows are held by the cancel
                    put_off = settle(put_off, now=db_now())
            connection.close()

        crew = [threading.Thread(target=claim_on) for _ in range(2)]
        for one in crew:
            one.start()
        time.sleep(moments.uniform(0, 0.03))  # the moment of the cancel
        cancelled, late = outbox.cancel(origin=origin, now=db_now())
        begun = Attempt.objects.filter(delivery_id__in=mine).count()
        stop.set()
        for one in crew:
            one.join()

        assert not take()
        assert Attempt.objects.filter(delivery_id__in=mine).count() == begun
        assert cancelled + late == 12
        assert set(deliveries().filter(origin=origin).values_list("state", flat=True)) == {"cancelled"}
        found["too late" if late else "amid" if begun else "before"] += 1

    assert found["too late"], (dict(found), SEED)


def test_a_replay_sends_exactly_the_failed_ones_under_their_old_ids(acme: Tenant) -> None:
    sent = put(acme, *(str(n) for n in range(10)))
    parcels = take() + take() if len(sent) > 8 else take()
    for parcel in parcels:
        finish([parcel], Permanent("address") if parcel.address in {"2", "5", "7"} else None)
    finish(take())
    assert states() == {"failed": 3, "delivered": 7}

    again = outbox.replay(list(deliveries()), now=db_now())
    assert outbox.replay(list(deliveries()), now=db_now()) == []

    parcels = take()
    assert {parcel.address for parcel in parcels} == {"2", "5", "7"}
    old = {one.address: one.stable_id for one in sent}
    assert {parcel.address: parcel.stable_id for parcel in parcels} == {one.address: old[one.address] for one in again}
    finish(parcels)
    assert states() == {"failed": 3, "delivered": 10}


def test_a_replay_lives_as_long_as_the_first_did(acme: Tenant) -> None:
    now = db_now()
    put(acme, expires_at=now.replace(year=now.year + 1))
    deliveries().update(state="expired", decided_at=now.replace(year=now.year - 1), expires_at=now)

    [again] = outbox.replay(list(deliveries()), now=now)

    assert again.expires_at is not None
    assert again.expires_at > now


def test_what_was_taken_back_waits_for_nothing(acme: Tenant) -> None:
    origin = fresh_id()
    put(acme, "a", origin=origin)
    put(acme, "b")
    finish(take(), Temporary("network"))

    outbox.cancel(origin=origin, now=db_now())
    outbox.cancel_one(deliveries().get(address="b"), now=db_now())

    assert set(deliveries().values_list("state", "wait_reason")) == {("cancelled", "")}
