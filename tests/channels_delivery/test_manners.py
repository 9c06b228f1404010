"""Who sends much gives way while others are about, and has everything as soon as they are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import pytest

from channels_delivery.claim import Room
from channels_delivery.courier import Bell, Results
from channels_delivery.manners import ABOUT, FEW, PAUSE, Manners
from channels_delivery.outbox import Way
from channels_delivery.turn import turn
from notifications.models import Tenant

from .moves import LEASE, later, put

A, B = 1, 2


def test_alone_a_tenant_has_everything() -> None:
    manners = Manners()
    manners.started(Counter({A: 5 * FEW}), begun=0.0, now=0.1)

    assert manners.most(0.1) is None
    assert not manners.pausing(0.1)


def test_beside_others_whoever_had_much_pauses_longer_than_its_turn_took() -> None:
    manners, took = Manners(), 0.125
    manners.started(Counter({A: FEW, B: FEW // 2 - 1}), begun=0.0, now=took)

    assert manners.most(took) == FEW
    assert list(manners.pausing((1 + PAUSE) * took - 0.001)) == [A]
    assert not manners.pausing((1 + PAUSE) * took)


def test_those_who_send_as_much_as_each_other_go_on() -> None:
    manners = Manners()
    manners.started(Counter({A: 3 * FEW, B: 2 * FEW}), begun=0.0, now=0.1)

    assert not manners.pausing(0.1)


def test_others_are_about_for_a_moment_only() -> None:
    manners = Manners()
    manners.started(Counter({B: 1}), begun=0.0, now=0.0)
    manners.started(Counter({A: FEW}), begun=ABOUT - 0.2, now=ABOUT - 0.1)
    assert manners.most(ABOUT - 0.1) == FEW
    assert list(manners.pausing(ABOUT - 0.1)) == [A]

    assert manners.most(ABOUT) is None
    assert not manners.pausing(ABOUT)


def _started(acme: Tenant, globex: Tenant, *, theirs: int, pausing: Collection[int] = ()) -> Counter[str]:
    """How many of each start in a turn of which a tenant may have a few."""
    for n in range(10):
        put(acme, *"abcdefgh", way=Way(f"flood {n}"))
    if theirs:
        put(globex, *(str(n) for n in range(theirs)), way=Way("calm", cap=theirs))
    room = Room(100, Counter(), few=4, pausing=pausing)
    names = {acme.pk: "acme", globex.pk: "globex"}
    return Counter(names[one.tenant_id] for one in turn([], room, now=later(1), lease=LEASE).claimed.parcels)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("scripted")
@pytest.mark.parametrize(("theirs", "ours"), [(0, 4), (2, 4), (3, 4), (4, 5), (8, 9)])
def test_in_a_turn_nobody_starts_more_than_a_few_or_one_more_than_all_others(
    acme: Tenant, globex: Tenant, theirs: int, ours: int
) -> None:
    assert _started(acme, globex, theirs=theirs) == +Counter({"acme": ours, "globex": theirs})


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("scripted")
def test_whoever_pauses_starts_nothing(acme: Tenant, globex: Tenant) -> None:
    assert _started(acme, globex, theirs=3, pausing=[acme.pk]) == {"globex": 3}


def test_a_bell_is_heard_by_whoever_drains_and_by_nobody_else() -> None:
    bell, heard = Bell(), Results()
    bell.ring()
    bell.heard_by(heard)
    bell.ring()
    bell.heard_by(None)
    bell.ring()

    assert heard.qsize() == 1
