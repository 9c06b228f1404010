"""A channel on which nothing but failures came back for days is turned off, and whoever listens is told."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from channels_delivery.channels import resume
from channels_delivery.health import APART, FOR, STRIKES
from channels_delivery.models import Channel, Delivery
from channels_delivery.outcome import Delivered, Outcome, Permanent, Temporary
from channels_delivery.retry import QUICK
from channels_delivery.settle import Result, settle
from channels_delivery.signals import delivery_settled
from notifications.kernel.clock import db_now
from notifications.models import Tenant
from tests.cast import statements

from .moves import later, let_time_come, put, take

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


@pytest.fixture
def channel(acme: Tenant) -> Channel:
    return Channel.objects.create(tenant=acme, kind="scripted", name="c", secrets={})


@pytest.fixture
def heard() -> Iterator[list[dict[str, Any]]]:
    found: list[dict[str, Any]] = []

    def listen(sender: type, **said: Any) -> None:
        found.append(said)

    delivery_settled.connect(listen, sender=Delivery)
    yield found
    delivery_settled.disconnect(listen, sender=Delivery)


def came_back(channel: Channel, outcome: Outcome, *, after: timedelta = timedelta()) -> Channel:
    """One delivery by this channel comes back with this outcome, so long from now."""
    put(channel.tenant, channel=channel.pk)
    let_time_come()
    parcels = take(1)
    channel.refresh_from_db()
    ailing = channel.failing_since is not None
    settle([Result(one, outcome, QUICK, 0.5, ailing=ailing) for one in parcels], now=db_now() + after)
    channel.refresh_from_db()
    return channel


def test_days_of_nothing_but_failures_turn_it_off(channel: Channel) -> None:
    for strike in range(STRIKES):
        assert channel.paused_at is None
        came_back(channel, Temporary("timeout"), after=strike * (APART + timedelta(hours=2)))

    assert (channel.paused_at is not None, channel.paused_because) == (True, "failing")


def test_resuming_it_wipes_the_slate(channel: Channel) -> None:
    for strike in range(STRIKES):
        came_back(channel, Temporary("timeout"), after=strike * (APART + timedelta(hours=2)))

    resume(channel)

    assert came_back(channel, Temporary("timeout"), after=FOR * 3).paused_at is None


@pytest.mark.parametrize(
    ("count", "apart"),
    [(STRIKES - 1, FOR / 5), (STRIKES * 3, timedelta(hours=3)), (STRIKES, timedelta(hours=12))],
    ids=["few", "soon", "not yet five days"],
)
def test_few_failures_or_failures_close_together_do_not(channel: Channel, count: int, apart: timedelta) -> None:
    for strike in range(count):
        came_back(channel, Temporary("network"), after=strike * apart)

    assert channel.paused_at is None


@pytest.mark.parametrize("answer", [Delivered(), Permanent("address"), Permanent("content")])
def test_any_answer_wipes_the_slate(channel: Channel, answer: Outcome) -> None:
    for strike in range(STRIKES - 1):
        came_back(channel, Temporary("network"), after=strike * APART * 2)
    came_back(channel, answer, after=FOR * 2)

    assert (channel.failing_since, channel.strikes) == (None, 0)
    assert came_back(channel, Temporary("network"), after=FOR * 3).paused_at is None


def test_a_crash_of_ours_is_no_strike(channel: Channel) -> None:
    assert came_back(channel, Temporary("crash")).strikes == 0


def test_whoever_listens_hears_of_what_ended_and_of_what_was_turned_off(
    channel: Channel, heard: list[dict[str, Any]]
) -> None:
    came_back(channel, Delivered())
    came_back(channel, Temporary("network"))
    came_back(channel, Permanent("address", disable=True))

    assert [[one.state for one in said["deliveries"]] for said in heard] == [["delivered"], ["failed"]]
    assert [said["turned_off"] for said in heard] == [{}, {channel.pk: "gone"}]


def test_a_listener_that_raises_harms_nothing(channel: Channel) -> None:
    def raises(sender: type, **_: Any) -> None:
        raise RuntimeError

    delivery_settled.connect(raises, sender=Delivery)
    try:
        came_back(channel, Delivered())
    finally:
        delivery_settled.disconnect(raises, sender=Delivery)

    assert Delivery.objects.get(tenant=channel.tenant).state == "delivered"


def test_an_ending_that_nobody_listens_to_asks_nothing(channel: Channel) -> None:
    put(channel.tenant, channel=channel.pk)
    parcels = take()
    with statements() as found:
        settle([Result(parcels[0], Delivered(), QUICK, 0.5)], now=later(0))

    assert not [one for one in found if "_channel" in one.split("channels_delivery", 1)[-1][:10]]
    assert len(found) <= 5
