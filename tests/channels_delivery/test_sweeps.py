"""What time brings about, beside lost leases and expiry (`test_claim.py`): sending that is switched off, and lanes that
nobody woke."""

from typing import Any

import pytest

from channels_delivery import outbox
from channels_delivery.courier import drain
from channels_delivery.models import Lane, Lease
from channels_delivery.outbox import Way
from channels_delivery.sweeps import end_disabled, note_forgotten, sweep, sweep_lost, wake_forgotten
from channels_delivery.testing import Scripted
from notifications.kernel.clock import db_now
from notifications.models import Tenant
from tests.cast import statements

from .moves import deliveries, finish, later, put, states, take

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


@pytest.fixture
def switch(settings: Any) -> Any:
    def turn(on: bool) -> None:
        settings.NOTIFYHUB = {**settings.NOTIFYHUB, "ENABLED": on}

    return turn


def test_what_came_due_while_sending_was_off_is_no_flood_later(acme: Tenant, scripted: Scripted, switch: Any) -> None:
    switch(False)
    put(acme, *"abc")
    put(acme, "tomorrow", due_at=later(86_400))
    assert drain() == 0
    sweep()
    assert set(deliveries().filter(state="cancelled").values_list("code", flat=True)) == {"disabled"}
    switch(True)

    drain()

    assert (scripted.sent, states()) == ([], {"cancelled": 3, "pending": 1})


def test_what_was_not_due_is_sent_once_sending_is_on_again(acme: Tenant, scripted: Scripted, switch: Any) -> None:
    switch(False)
    put(acme, "tomorrow", due_at=later(86_400))
    sweep()
    switch(True)

    assert [parcel.address for parcel in take(now=later(86_401))] == ["tomorrow"]


def test_what_switching_off_ended_can_be_sent_after_all(acme: Tenant, scripted: Scripted, switch: Any) -> None:
    put(acme, "a")
    switch(False)
    sweep()
    switch(True)
    outbox.replay(list(deliveries()), now=db_now())

    drain()

    assert [one.address for one in scripted.sent] == ["a"]


def test_a_tenth_of_a_flood_is_ended_at_a_time(acme: Tenant) -> None:
    put(acme, *(str(n) for n in range(10)))

    assert [end_disabled(now=later(1), most=4) for _ in range(4)] == [4, 4, 2, 0]


def test_only_parked_lanes_with_something_due_are_woken(acme: Tenant, globex: Tenant) -> None:
    put(acme, way=Way("forgotten"))
    put(acme, way=Way("tomorrow"), due_at=later(86_400))
    put(acme, "a", "b", way=Way("full", cap=1))
    put(globex, way=Way("empty"))
    now = later(2)
    while take(now=now):
        pass
    put(acme, "one more", way=Way("forgotten"))
    Lane.objects.across_tenants().update(ready_at=None)

    with statements() as found:
        assert wake_forgotten(now=now) == 1

    assert len(found) == 1
    assert [lane.key for lane in Lane.objects.across_tenants().exclude(ready_at=None)] == ["forgotten"]


def test_what_is_under_way_without_a_lease_is_found_after_a_while(acme: Tenant) -> None:
    """As a release before leases had rows of their own left it behind."""
    put(acme, "a", "b")
    take()
    Lease.objects.all().delete()
    deliveries().update(lease_until=later(-3600))
    assert sweep_lost(now=db_now()) == 0

    assert (note_forgotten(), note_forgotten()) == (1, 0)

    assert sweep_lost(now=later(1)) == 2
    assert (states(), Lease.objects.count()) == ({"pending": 2}, 0)


def test_a_lease_goes_when_its_time_is_over_whatever_became_of_its_deliveries(acme: Tenant) -> None:
    put(acme, "a")
    finish(take())

    assert sweep_lost(now=later(41)) == 0

    assert (Lease.objects.count(), states()) == (0, {"delivered": 1})
