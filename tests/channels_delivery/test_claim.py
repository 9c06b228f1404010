"""Out of the outbox: capped, paced, fair, on record before anything leaves."""

import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection

from channels_delivery.claim import claim
from channels_delivery.models import Attempt, Lane
from channels_delivery.outbox import Way
from channels_delivery.outcome import Delivered, Temporary
from channels_delivery.sweeps import expire, sweep_lost
from notifications.kernel.clock import db_now
from notifications.models import Tenant
from tests.cast import statements

from .moves import LEASE, attempts, deliveries, finish, lane, later, put, states, take

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


def test_the_attempt_is_on_record_when_a_parcel_is_in_hand(acme: Tenant) -> None:
    put(acme, "a", "b")

    parcels = take()

    assert [parcel.attempt for parcel in parcels] == [1, 1]
    assert Attempt.objects.filter(finished_at=None).count() == 2
    assert lane(acme).in_flight == 2


def test_the_oldest_due_comes_first(acme: Tenant) -> None:
    put(acme, "second", due_at=later(-10))
    put(acme, "first", due_at=later(-20))

    assert [parcel.address for parcel in take(1)] == ["first"]


def test_a_full_lane_is_parked_until_something_comes_back(acme: Tenant) -> None:
    put(acme, *"abcd", way=Way("out", cap=2))
    parcels = take()
    assert len(parcels) == 2
    assert lane(acme).ready_at is None
    assert not take()

    finish(parcels[:1])

    assert len(take()) == 1
    assert lane(acme).in_flight == 2


def test_a_lane_with_nothing_due_sleeps_until_its_next(acme: Tenant) -> None:
    tomorrow = later(86_400)
    put(acme, "now")
    put(acme, "tomorrow", due_at=tomorrow)

    finish(take())
    assert not take()

    assert lane(acme).ready_at == tomorrow
    assert lane(acme).in_flight == 0


def test_a_rate_is_kept_and_spends_no_attempt(acme: Tenant) -> None:
    put(acme, *"abcdefg", way=Way("out", rate=2.0))
    start = later(0)

    taken = [len(take(now=start)), len(take(now=start)), len(take(now=later(0.6))), len(take(now=later(1.2)))]

    assert taken == [2, 0, 1, 1]
    assert set(deliveries().filter(state="pending").values_list("attempt", flat=True)) == {0}


def test_a_slow_rate_starts_with_one(acme: Tenant) -> None:
    put(acme, *"ab", way=Way("out", rate=0.1))

    assert [len(take()), len(take()), len(take(now=later(9))), len(take(now=later(11)))] == [1, 0, 0, 1]


def test_tenants_take_turns_however_much_one_has_waiting(acme: Tenant, globex: Tenant) -> None:
    for n in range(80):
        put(acme, *"abcdefgh", way=Way(f"way {n}"), due_at=later(-3600))
    put(globex, *"abcd")

    first = Counter(parcel.tenant_id for parcel in take(20))

    assert first[globex.pk] >= 1
    assert Counter(parcel.tenant_id for parcel in take(100))[globex.pk] + first[globex.pk] == 4


def test_lanes_have_their_turns_with_eight_each_at_most(acme: Tenant) -> None:
    for n in range(3):
        put(acme, *"abcdefghijkl", way=Way(f"way {n}", cap=20))
    start = later(0)

    rounds = [Counter(parcel.lane_id for parcel in take(8, now=start + timedelta(seconds=n))) for n in range(3)]

    assert max(count for lanes in rounds for count in lanes.values()) <= 8
    together = sum(rounds, Counter[int]())
    assert len(together) == 3
    assert max(together.values()) - min(together.values()) <= 8


def test_lanes_with_little_are_started_together(acme: Tenant) -> None:
    for n in range(40):
        put(acme, "a", way=Way(f"way {n}"))

    assert len(take(40)) == 40


def test_as_many_statements_for_one_parcel_as_for_many(acme: Tenant) -> None:
    counts = []
    for size in (1, 40):
        for n in range(size):
            put(acme, *"abc"[: 1 if size == 1 else 3], way=Way(f"way {n}"))
        with statements() as found:
            taken = take()
        counts.append(len(found))
        finish(taken)

    if connection.vendor == "postgresql":  # SQLite asks each lane
        assert counts[0] <= counts[1] <= 9  # of 40 lanes some are looked at later, if there is still room


def test_what_is_past_its_time_is_not_sent(acme: Tenant) -> None:
    put(acme, "late", expires_at=later(-1))
    put(acme, "good", expires_at=later(60))

    assert [parcel.address for parcel in take()] == ["good"]
    assert expire(now=db_now()) == 1
    assert states() == {"expired": 1, "sending": 1}


def test_an_open_breaker_lets_one_probe_through_when_its_time_comes(acme: Tenant) -> None:
    put(acme, *"abcdefgh")
    finish(take(5), Temporary("network"))
    assert lane(acme).breaker == "open"
    assert not take(), "nothing leaves while it is open"

    soon = later(31)
    probe = take(now=soon)
    assert len(probe) == 1
    assert not take(now=soon), "one probe at a time"

    finish(probe, Temporary("network"), now=soon)
    assert (lane(acme).breaker, lane(acme).probe_after) == ("open", 60)
    probe = take(now=later(31 + 61))
    assert len(probe) == 1
    finish(probe, Delivered(), now=later(31 + 62))
    assert lane(acme).breaker == "closed"
    assert len(take(now=later(31 + 63))) > 1


def test_an_ended_lease_is_taken_back_and_started_again(acme: Tenant) -> None:
    [one] = put(acme)
    take()
    assert sweep_lost(now=later(39)) == 0

    assert sweep_lost(now=later(41)) == 1

    assert lane(acme).in_flight == 0
    again = take(now=later(41))
    assert [parcel.attempt for parcel in again] == [2]
    assert attempts(one) == ["lost", ""]


def test_three_lost_leases_are_the_end_and_others_go_on(acme: Tenant) -> None:
    put(acme, "poison")
    for lost in range(1, 4):
        assert len(take(now=later(100 * lost))) == 1
        sweep_lost(now=later(100 * lost + 41))
    put(acme, "sound")

    assert [parcel.address for parcel in take(now=later(600))] == ["sound"]
    dead = deliveries().get(address="poison")
    assert (dead.state, dead.code, dead.lost) == ("dead", "crash", 3)
    assert lane(acme).in_flight == 1


def test_of_those_that_lost_two_workers_one_is_under_way_at_a_time(acme: Tenant) -> None:
    """Whichever of them is deadly takes no other with it for the third time."""
    put(acme, *"abc")
    deliveries().update(lost=2)
    put(acme, "sound")

    first = claim(slots=9, now=later(0), lease=LEASE).parcels
    assert [parcel.address for parcel in first] == ["a", "sound"]
    assert not claim(slots=9, now=later(1), lease=LEASE, careful=True).parcels

    finish(first)
    assert [parcel.address for parcel in take(now=later(2))] == ["b"]


def test_a_parcel_says_how_many_workers_it_lost(acme: Tenant) -> None:
    """By that a drain knows that it has one of those under way, and takes no other."""
    put(acme)
    deliveries().update(lost=2)

    assert [parcel.lost for parcel in take()] == [2]


def test_no_tenant_has_more_under_way_than_is_left_free(acme: Tenant, globex: Tenant) -> None:
    for n in range(30):
        put(acme, *"abcdefgh", way=Way(f"hangs {n}"))
    taken: list[int] = []
    while more := claim(slots=100 - len(taken), now=db_now(), lease=LEASE, busy=Counter(taken)).parcels:
        taken += [parcel.tenant_id for parcel in more]
    assert taken == [acme.pk] * 50

    put(globex, *(str(n) for n in range(10)), way=Way("sound", cap=10))
    busy = Counter(taken)
    first = claim(slots=100 - len(taken), now=db_now(), lease=LEASE, busy=busy)
    again = claim(slots=50 - len(first.parcels), now=db_now(), lease=LEASE, busy=busy + Counter({globex.pk: 8}))

    assert [parcel.tenant_id for parcel in [*first.parcels, *again.parcels]] == [globex.pk] * 10
    assert first.looked == 1, "lanes of a tenant that has its share are not even looked at"


def test_whatever_many_tenants_hang_there_is_room_for_one_more(acme: Tenant) -> None:
    tenants = Tenant.objects.bulk_create(Tenant(slug=f"t{n}", name=f"T{n}") for n in range(12))
    for tenant in tenants:
        put(tenant, *"abcdefgh")
        put(tenant, *"abcdefgh", way=Way("another"))
    taken: list[int] = []
    while more := claim(slots=60 - len(taken), now=db_now(), lease=LEASE, busy=Counter(taken)).parcels:
        taken += [parcel.tenant_id for parcel in more]

    put(acme)

    assert len(claim(slots=60 - len(taken), now=db_now(), lease=LEASE, busy=Counter(taken)).parcels) == 1
    assert set(Counter(taken).values()) <= {4, 5}


def test_a_lane_whose_rows_had_no_slot_is_looked_at_again_at_once(acme: Tenant) -> None:
    put(acme, *"abcdefgh")
    put(acme, *"abcdefgh", way=Way("another"))
    now = db_now()

    assert [len(take(10, now=now)), len(take(10, now=now))] == [10, 6]


def test_what_is_urgent_goes_before_the_rest_of_its_tenant(acme: Tenant, globex: Tenant) -> None:
    put(acme, "bulk 1", "bulk 2", way=Way("out", urgency=2), due_at=later(-60))
    put(acme, "news", way=Way("out", urgency=1), due_at=later(-30))
    put(globex, "bulk", way=Way("out", urgency=2))
    put(acme, "alarm", way=Way("out", urgency=0))

    first = {parcel.address for parcel in take(2)}
    rest = [next(iter(take(1))).address for _ in range(3)]

    assert first == {"alarm", "bulk"}, "urgency is a matter among the lanes of one tenant"
    assert rest == ["news", "bulk 1", "bulk 2"]


@pytest.mark.postgres
@pytest.mark.faults
def test_three_claimers_at_once_never_pass_the_cap(acme: Tenant, globex: Tenant) -> None:
    for tenant in (acme, globex):
        put(tenant, *(str(n) for n in range(120)), way=Way("out", cap=4))
    errors: list[BaseException] = []

    def work() -> None:
        try:
            while "pending" in states():
                finish(take(3))
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    crew = [threading.Thread(target=work) for _ in range(3)]
    for one in crew:
        one.start()
    highest = 0
    while any(one.is_alive() for one in crew):
        sending = Counter(deliveries().filter(state="sending").values_list("lane_id", flat=True))
        highest = max([highest, *sending.values()])
    for one in crew:
        one.join()

    assert not errors
    assert 1 < highest <= 4
    assert states() == {"delivered": 240}
    assert set(Lane.objects.across_tenants().values_list("in_flight", flat=True)) == {0}
    assert Attempt.objects.count() == 240
