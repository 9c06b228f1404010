"""When one of a tenant's ways to people does not work, the next takes what it cannot send, and nothing goes twice."""

from datetime import timedelta
from typing import Any

import pytest

from channels_delivery import failover, routes
from channels_delivery.channels import copy_channels
from channels_delivery.courier import drain
from channels_delivery.models import Attempt, Channel, Delivery, Lane
from channels_delivery.outbox import Address
from channels_delivery.outcome import Delivered, Outcome, Permanent, Temporary
from channels_delivery.routes import way_of
from channels_delivery.testing import Scripted
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from tests.cast import statements

from .moves import attempts, deliveries, later, put, states

pytestmark = pytest.mark.django_db(transaction=True)


def way(tenant: Tenant, name: str, **given: Any) -> Channel:
    given = {"kind": "scripted", "settings": {"host": name}} | given
    return Channel.objects.create(tenant=tenant, name=name, **given)


@pytest.fixture
def person(acme: Tenant) -> Recipient:
    return Recipient.objects.create(tenant=acme, external_id="p", email="p@acme.example")


def to_person(channel: Channel, person: Recipient, address: str = "p@acme.example", **given: Any) -> Delivery:
    to = [Address(address, recipient=person.pk)]
    [one] = put(channel.tenant, to=to, channel=channel.pk, way=way_of(channel), **given)
    return one


def after(one: Delivery) -> tuple[str, int | None]:
    one.refresh_from_db()
    return one.state, one.channel_id


@pytest.mark.parametrize(
    ("outcome", "moves"),
    [
        (Permanent("auth", "no"), True),
        (Temporary("auth", "no"), True),
        (Permanent("config", "no"), True),
        (Temporary("config", "no"), True),
        (Permanent("address", "gone", disable=True), True),
        (Permanent("address", "nobody"), False),
        (Permanent("content", "bad"), False),
        (Temporary("timeout"), False),
        (Temporary("network"), False),
        (Temporary("provider"), False),
        (Temporary("rate_limited"), False),
        (Temporary("crash"), False),
    ],
)
def test_what_says_that_the_way_does_not_work_moves(
    acme: Tenant, person: Recipient, scripted: Scripted, outcome: Outcome, moves: bool
) -> None:
    first, second = way(acme, "a", position=1), way(acme, "b", position=2)
    one = to_person(first, person)
    scripted.says[one.address] = [outcome, Delivered()]

    drain()

    assert after(one)[1] == (second.pk if moves else first.pk)
    assert [parcel.channel_id for parcel in scripted.sent] == ([first.pk, second.pk] if moves else [first.pk])
    assert len({parcel.stable_id for parcel in scripted.sent}) == 1
    if moves:
        assert (states(), attempts(one)) == ({"delivered": 1}, ["failover", "delivered"])


def test_each_is_asked_once_in_order_and_the_last_word_stays(
    acme: Tenant, person: Recipient, scripted: Scripted
) -> None:
    last, first, paused = way(acme, "z", position=9), way(acme, "y"), way(acme, "x", position=3, paused_at=db_now())
    middle = way(acme, "w", position=3)
    one = to_person(first, person)
    scripted.says[one.address] = [Permanent("auth", str(n)) for n in range(5)]

    drain()

    assert [parcel.channel_id for parcel in scripted.sent] == [first.pk, middle.pk, last.pk]
    assert after(one) == ("failed", last.pk)
    assert paused.pk not in Attempt.objects.values_list("delivery__channel", flat=True)


def test_a_team_and_a_stranger_have_no_next(
    acme: Tenant, globex: Tenant, person: Recipient, scripted: Scripted
) -> None:
    first = way(acme, "a")
    way(acme, "list of a team", settings={"to": ["t"]})
    way(acme, "other kind", kind="webhook")
    way(globex, "b")
    one, team = to_person(first, person), put(acme, "team", channel=first.pk, way=way_of(first))[0]
    second = way(acme, "c", position=5)
    scripted.says = {one.address: [Permanent("auth")], "team": [Permanent("auth")]}

    drain()

    assert after(one) == ("delivered", second.pk)
    assert after(team) == ("failed", first.pk)


def test_what_a_pause_stops_goes_by_the_next(acme: Tenant, person: Recipient, scripted: Scripted) -> None:
    first, second = way(acme, "a"), way(acme, "b")
    one = to_person(first, person)
    Channel.objects.filter(tenant=acme, pk=first.pk).update(paused_at=db_now())

    drain()

    assert after(one) == ("delivered", second.pk)
    assert [parcel.channel_id for parcel in scripted.sent] == [second.pk]


def test_what_was_taken_back_does_not_move(acme: Tenant, person: Recipient, scripted: Scripted) -> None:
    first = way(acme, "a")
    way(acme, "b")
    one = to_person(first, person)
    scripted.says[one.address] = [Permanent("auth")]
    Delivery.objects.filter(tenant=acme, pk=one.pk).update(revoked=True)

    drain()

    assert after(one) == ("cancelled", first.pk)
    assert len(scripted.sent) == 1


def opened(channel: Channel) -> None:
    key = routes.lane_key(channel.kind, channel.pk)
    until = db_now() + timedelta(minutes=5)
    assert Lane.objects.filter(tenant=channel.tenant, key=key).update(breaker="open", open_at=until)


def test_new_messages_pass_an_open_breaker_by(acme: Tenant, person: Recipient, scripted: Scripted) -> None:
    second, first = way(acme, "b", position=2), way(acme, "a", position=1)
    for channel in (first, second):
        to_person(channel, person)
    found = []
    for ill in (None, first, second):
        if ill is not None:
            opened(ill)
        with statements() as asked:
            found.append(routes.to_people("scripted", tenant_id=acme.pk).channel)
        assert len(asked) == 1

    assert found == [first.pk, second.pk, first.pk]


def test_what_waits_before_an_open_breaker_moves_and_only_that(
    acme: Tenant, person: Recipient, scripted: Scripted
) -> None:
    first, second = way(acme, "a"), way(acme, "b")
    waiting = [to_person(first, person, f"{n}@acme.example") for n in range(5)]
    [team] = put(acme, "team", channel=first.pk, way=way_of(first))
    opened(first)

    with statements() as few:
        assert failover.sweep(now=db_now(), most=2) == 2
    with statements() as many:
        assert failover.sweep(now=db_now()) == 3
    assert failover.sweep(now=db_now()) == 0
    drain()

    assert len(many) == len(few)
    assert {after(one) for one in waiting} == {("delivered", second.pk)}
    assert after(team) == ("pending", first.pk)
    assert sorted(parcel.address for parcel in scripted.sent) == sorted(one.address for one in waiting)


def test_what_is_not_to_leave_yet_does_not_move(acme: Tenant, person: Recipient, scripted: Scripted) -> None:
    first, second = way(acme, "a"), way(acme, "b")
    planned, again = to_person(first, person), to_person(first, person)
    deliveries().filter(pk=planned.pk).update(due_at=later(3600))
    deliveries().filter(pk=again.pk).update(due_at=later(3600), wait_reason="retry")
    opened(first)

    assert failover.sweep(now=db_now()) == 1
    drain()

    assert after(planned) == ("pending", first.pk)
    assert after(again) == ("delivered", second.pk)


def test_with_every_breaker_open_it_waits(acme: Tenant, person: Recipient, scripted: Scripted) -> None:
    first, second = way(acme, "a"), way(acme, "b")
    one, other = to_person(first, person), to_person(second, person)
    opened(first)
    opened(second)

    assert failover.sweep(now=db_now()) == 0
    assert (after(one)[1], after(other)[1]) == (first.pk, second.pk)


def test_settling_a_hundred_costs_what_settling_ten_does(acme: Tenant, person: Recipient, scripted: Scripted) -> None:
    first = way(acme, "a")
    way(acme, "b")
    counts = []
    for size in (10, 100):
        to = [Address(f"{size}.{n}@acme.example", recipient=person.pk) for n in range(size)]
        made = put(acme, to=to, channel=first.pk, way=way_of(first))
        with statements() as found:
            failover.carry_out({one.pk: failover.Move(one.lane_id, first.pk) for one in made}, now=db_now())
        counts.append(len(found))

    assert counts[0] == counts[1]


def test_the_order_goes_into_a_simulation(acme: Tenant, globex: Tenant, scripted: Scripted) -> None:
    way(acme, "a", position=7)

    copy_channels(of_tenant=acme.pk, to_tenant=globex.pk)

    assert Channel.objects.filter(tenant=globex).defer("secrets").get().position == 7
    assert deliveries().count() == 0
