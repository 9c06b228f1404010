"""Into the outbox: in the caller's transaction, in bulk, once."""

import pytest
from django.db import connection

from channels_delivery import outbox
from channels_delivery.models import Lane, Message
from channels_delivery.outbox import Way
from channels_delivery.sweeps import wake_forgotten
from channels_delivery.testing import Scripted
from notifications.kernel.clock import db_now
from notifications.models import Tenant
from tests.cast import rolled_back, statements

from .moves import deliveries, fresh_id, lane, later, letter, put, states, take

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


def test_a_letter_becomes_one_message_and_a_delivery_an_address(acme: Tenant) -> None:
    put(acme, "a", "b", "c", parts={"body": "Hello"})

    assert states() == {"pending": 3}
    assert Message.objects.get(tenant=acme).parts == {"body": "Hello"}
    assert len({one.stable_id for one in deliveries()}) == 3


def test_what_rolls_back_leaves_nothing_and_wakes_nobody(acme: Tenant) -> None:
    put(acme, "first")
    take()
    ready = lane(acme).ready_at

    with rolled_back():
        put(acme, "a", "b")
        put(acme, "c", way=Way("another"))

    assert states() == {"sending": 1}
    assert Message.objects.filter(tenant=acme).count() == 1
    assert not Lane.objects.filter(tenant=acme, key="another").exists()
    assert lane(acme).ready_at == ready


def test_one_origin_and_step_reaches_an_address_once(acme: Tenant) -> None:
    origin = fresh_id()
    for addresses in (("a", "b", "a"), ("b", "c")):
        put(acme, *addresses, origin=origin, origin_step="send")

    put(acme, "a", origin=origin, origin_step="remind")
    put(acme, "a", "a")

    assert [one.address for one in deliveries()] == ["a", "b", "c", "a", "a", "a"]


def test_as_many_statements_for_a_thousand_as_for_ten(acme: Tenant, globex: Tenant) -> None:
    counts = []
    for tenant, size in ((acme, 10), (globex, 1_000)):
        put(tenant, "warm")
        letters = [letter(tenant, f"a{n}") for n in range(size)]
        with statements() as found:
            assert outbox.enqueue_many(letters, now=db_now()) == size
        counts.append(len(found))

    if connection.vendor == "postgresql":  # SQLite takes so many values a statement
        assert counts[0] == counts[1] <= 8


def test_an_unknown_kind_is_refused_at_once(acme: Tenant) -> None:
    with pytest.raises(LookupError, match="pigeon"):
        put(acme, kind="pigeon")


def test_cap_and_rate_take_their_newest_values(acme: Tenant) -> None:
    put(acme, way=Way("out", cap=3, rate=5.0))
    put(acme, way=Way("out", cap=4))

    assert (lane(acme).cap, lane(acme).rate) == (4, None)


def test_a_later_delivery_does_not_put_an_earlier_one_off(acme: Tenant) -> None:
    put(acme, "now")
    put(acme, "tomorrow", due_at=later(86_400))

    assert [parcel.address for parcel in take()] == ["now"]


def test_a_lane_whose_enqueuer_died_after_its_commit_is_found(acme: Tenant, scripted: Scripted) -> None:
    put(acme)
    Lane.objects.filter(tenant=acme).update(ready_at=None)
    assert not take()

    assert wake_forgotten(now=later(2)) == 1

    assert len(take(now=later(2))) == 1
