"""How much leaves: each channel's limits, counted once for each delivery that it sends."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from channels_delivery import spending
from channels_delivery.backends import backends
from channels_delivery.courier import drain
from channels_delivery.models import Channel, Spending
from channels_delivery.outbox import Address
from channels_delivery.outcome import GivenBack
from channels_delivery.outlets import outlets
from channels_delivery.routes import way_of
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant

from .backends.stage_sms import SmsStage
from .moves import deliveries, finish, let_time_come, states, take
from .texts import NUMBER, channel_of, text

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def stage(settings: Any) -> Iterator[SmsStage]:
    with SmsStage() as one:
        settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": {"ALLOW_ORIGINS": one.origins}}
        yield one


def test_a_pumping_run_over_a_range_is_capped(acme: Tenant, stage: SmsStage) -> None:
    """A thousand numbers in one block, all of them in a permitted country."""
    channel = channel_of(acme, stage, a_range=20)
    text(channel, *_range(1_000))

    drain()

    assert states() == {"accepted": 20, "failed": 980}
    assert len(stage.ids) == 20
    assert deliveries().filter(state="failed").first().code == "rate_limited"


def test_a_tenants_day_is_counted_in_segments(acme: Tenant, stage: SmsStage) -> None:
    channel = channel_of(acme, stage, a_day=5)
    text(channel, *[f"+4915{n}3456789" for n in range(10, 14)], said="a" * 161)

    drain()

    assert states() == {"accepted": 2, "failed": 2}


def test_a_number_is_told_so_often_a_day_however_it_is_written(acme: Tenant, globex: Tenant, stage: SmsStage) -> None:
    channel, other = channel_of(acme, stage, a_number=2), channel_of(globex, stage, a_number=2)
    for spelling in (NUMBER, "+49 151 23456789", "+49-151-23456789"):
        text(channel, spelling)
    text(other, NUMBER)

    drain()

    assert states() == {"accepted": 3, "failed": 1}
    assert not Spending.objects.across_tenants().filter(digest__contains=NUMBER.lstrip("+")).exists()


def test_a_retry_is_not_counted_again(acme: Tenant, stage: SmsStage) -> None:
    stage.stub.says = (429, 20429)
    text(channel_of(acme, stage, a_number=1), NUMBER)
    drain()
    stage.stub.behave()
    let_time_come()
    drain()

    assert states() == {"accepted": 1}


@pytest.fixture
def two_ways(acme: Tenant, stage: SmsStage) -> tuple[Channel, Channel]:
    """A channel, and the one that takes what it cannot send: three segments a day, two texts to a number."""
    first = channel_of(acme, stage)
    second = channel_of(acme, stage, name="second", position=2, a_day=3, a_number=2)
    return first, second


def to_person(channel: Channel, *numbers: str) -> None:
    person = Recipient.objects.get_or_create(tenant=channel.tenant, external_id="p")[0]
    to = [Address(number, recipient=person.pk) for number in numbers]
    text(channel, to=to, way=way_of(channel))


def test_what_another_channel_takes_over_counts_against_its_limits(
    stage: SmsStage, two_ways: tuple[Channel, Channel]
) -> None:
    first, second = two_ways
    Channel.objects.filter(tenant=first.tenant, pk=first.pk).update(paused_at=db_now())
    for _ in range(8):
        to_person(first, NUMBER)

    drain()

    assert len(stage.ids) == 2
    assert states() == {"accepted": 2, "failed": 6}
    assert set(deliveries().values_list("channel", "attempt")) == {(second.pk, 2)}


def test_what_a_channel_was_refused_is_counted_anew_for_the_next(
    acme: Tenant, stage: SmsStage, two_ways: tuple[Channel, Channel]
) -> None:
    first, second = two_ways
    first.secrets = {"token": "one that is over"}
    first.save()
    to_person(first, *[f"+4915{n}3456789" for n in range(10, 20)])

    drain()

    assert states() == {"accepted": 3, "failed": 7}
    assert set(deliveries().values_list("channel", flat=True)) == {second.pk}


def test_a_try_that_a_pause_ends_counts_nothing_and_the_one_that_leaves_does(acme: Tenant, stage: SmsStage) -> None:
    channel = channel_of(acme, stage, a_number=1)
    text(channel, NUMBER)
    text(channel, NUMBER)
    parcels, ways, known, now = take(), outlets([channel.pk]), backends(), db_now()
    paused = {channel.pk: replace(ways[channel.pk], paused=True)}

    assert spending.too_dear(parcels, paused, known, now=now) == {}
    assert Spending.objects.across_tenants().count() == 0

    first, second = (parcel._replace(attempt=2) for parcel in parcels)
    assert spending.too_dear([first], ways, known, now=now) == {}
    assert spending.too_dear([first._replace(attempt=3)], ways, known, now=now) == {}
    assert list(spending.too_dear([second], ways, known, now=now)) == [second.id]


def test_a_parcel_that_was_given_back_before_it_began_is_counted_once(acme: Tenant, stage: SmsStage) -> None:
    channel = channel_of(acme, stage, a_number=1)
    text(channel, NUMBER)
    [parcel] = take()
    spending.too_dear([parcel], outlets([channel.pk]), backends(), now=db_now())
    finish([parcel], GivenBack(begun=False))

    drain()

    assert states() == {"accepted": 1}


def test_a_country_that_is_refused_uses_up_no_limit(acme: Tenant, stage: SmsStage) -> None:
    channel = channel_of(acme, stage, a_day=1)
    text(channel, "+447400123456")
    drain()
    text(channel, NUMBER)

    drain()

    assert states() == {"failed": 1, "accepted": 1}


def test_counting_takes_as_many_statements_for_many_as_for_few(
    acme: Tenant, stage: SmsStage, django_assert_num_queries: Any
) -> None:
    channel = channel_of(acme, stage)
    text(channel, *_range(60))
    parcels, ways = take(), outlets([channel.pk])
    known, now = backends(), db_now()
    spending.too_dear(parcels[:1], ways, known, now=now)  # what is asked once a connection

    with django_assert_num_queries(5):  # begin, make, hold, write, end
        spending.too_dear(parcels[1:3], ways, known, now=now)
    with django_assert_num_queries(5):
        spending.too_dear(parcels[3:], ways, known, now=now)


def test_a_new_window_begins_anew_and_old_counters_go(acme: Tenant, stage: SmsStage) -> None:
    channel = channel_of(acme, stage, a_number=1)
    text(channel, NUMBER)
    text(channel, NUMBER)
    first, second = take()
    ways, known, now = outlets([channel.pk]), backends(), db_now()

    assert spending.too_dear([first], ways, known, now=now) == {}
    assert list(spending.too_dear([second], ways, known, now=now)) == [second.id]
    assert spending.too_dear([second], ways, known, now=now + timedelta(days=1)) == {}
    assert spending.forget(before=now + timedelta(days=1), most=100) == 3
    assert Spending.objects.across_tenants().filter(until__lte=now + timedelta(days=2)).count() == 3
    assert spending.forget(before=now + timedelta(days=11), most=100) == 5, "of each that it was counted, too"


def _range(size: int) -> list[str]:
    """Numbers that differ only in their last three digits."""
    return [f"+4915123456{n:03d}" for n in range(size)]
