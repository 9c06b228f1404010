"""Devices: whose they are, how a message finds all of them, and what their push service says of them."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F

from channels_delivery import devices, endpoint_health, endpoints, outbox, routes
from channels_delivery.backends import channel_kinds
from channels_delivery.courier import drain
from channels_delivery.models import Channel, Delivery, Endpoint, Lane, Suppression
from channels_delivery.outbox import Address, Letter
from channels_delivery.outcome import Temporary
from channels_delivery.parcel import Parcel
from channels_delivery.push.hosts import origin_of
from channels_delivery.refusals import Invalid, NotNow
from channels_delivery.suppression import digest
from notifications import routing
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from tests.cast import Publish, crowd, run_named, statements, workflow
from tests.channels_delivery.moves import later, let_time_come
from tests.channels_delivery.push_service import Device, PushService
from workflows import engine
from workflows.define import send
from workflows.trigger import trigger

pytestmark = pytest.mark.django_db
PUSH = next(kind for kind in channel_kinds() if kind.key == "push")


@pytest.fixture
def service(settings: Any) -> Iterator[PushService]:
    with PushService() as one:
        settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": one.site}
        yield one


def add(person: Recipient, device: Device, **given: Any) -> Endpoint:
    return devices.subscribe(person, device.url, device.keys, now=db_now(), **given)


def many(tenant: Tenant, people: list[Recipient], service: PushService, each: int = 3) -> None:
    device, sealed = service.device("many"), service.device("many").keys
    rows = []
    for person in people:
        for n in range(each):
            url = f"{device.url}/{person.pk}-{n}"
            given = {"address": url, "digest": digest(tenant.pk, "push", url), "origin": origin_of(url)}
            rows.append(
                Endpoint(
                    tenant=tenant,
                    recipient=person,
                    kind="push",
                    secrets=sealed,
                    created_at=db_now(),
                    verified_at=db_now(),
                    **given,
                )
            )
    Endpoint.objects.bulk_create(rows)


def put(*people: Recipient) -> None:
    tenant = people[0].tenant_id
    reached = routing.reach_many(PUSH, [one.pk for one in people], tenant_id=tenant)
    to = [Address(spot.address, pk, spot.slots) for pk, spots in reached.addresses.items() for spot in spots]
    way = routes.to_people("push", tenant_id=tenant)
    letter = Letter(tenant, "push", "order.shipped", {"title": "Hello"}, to, way.way, way.channel)
    outbox.enqueue_many([letter], now=db_now())


def go() -> None:
    let_time_come()
    drain()


def states() -> list[str]:
    return sorted(Delivery.objects.across_tenants().values_list("state", flat=True))


# -- whose they are ------------------------------------------------------------------------------------------------


def test_said_again_it_stays_one(bob: Recipient, service: PushService) -> None:
    first = add(bob, service.device(), label="Phone")
    again = add(bob, service.device())

    assert first.pk == again.pk
    assert [one.label for one in devices.listed(bob)] == ["Phone"]


def test_its_keys_are_not_readable_in_the_database(bob: Recipient, service: PushService) -> None:
    add(bob, service.device())
    put(bob)
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT secrets FROM "{Endpoint._meta.db_table}"')
        told = str(cursor.fetchall())
        cursor.execute(f'SELECT slots FROM "{Delivery._meta.db_table}"')
        told += str(cursor.fetchall())

    assert all(one not in told for one in service.device().keys.values())


def test_who_shows_its_keys_takes_a_device_over(alice: Recipient, bob: Recipient, service: PushService) -> None:
    add(bob, service.device())

    add(alice, service.device())

    assert devices.listed(bob) == []
    assert len(devices.listed(alice)) == 1


@pytest.mark.parametrize("wrong", ["p256dh", "auth"])
def test_who_does_not_gets_nothing(alice: Recipient, bob: Recipient, service: PushService, wrong: str) -> None:
    mine = service.device()
    add(bob, mine)
    keys = mine.keys | {wrong: Device(mine.url).keys[wrong]}

    with pytest.raises(NotNow, match="somebody else"):
        devices.subscribe(alice, mine.url, keys, now=db_now())
    assert devices.unsubscribe(alice, mine.url, now=db_now()) is False
    assert len(devices.listed(bob)) == 1


def test_a_browser_shows_one_account_only_whatever_its_tenants(
    globex: Tenant, alice: Recipient, bob: Recipient, service: PushService
) -> None:
    """Alice is in both tenants, and so is her browser; at Bob's sits now somebody of another tenant."""
    her_other, another = crowd(globex, 2)
    her_other.user = alice.user
    her_other.save()
    shared, hers = service.device("shared"), service.device("hers")
    for person, device in ((bob, shared), (alice, hers), (her_other, hers)):
        add(person, device)
    put(bob)

    add(another, shared)

    assert [len(devices.listed(one)) for one in (alice, her_other, bob, another)] == [1, 1, 0, 1]
    assert list(Delivery.objects.across_tenants().values_list("state", "code")) == [("cancelled", "device_removed")]


@pytest.mark.parametrize("changed", ["keys", "url", "unreadable"])
def test_who_cannot_show_that_it_is_the_same_browser_takes_nothing_from_others(
    globex: Tenant, bob: Recipient, service: PushService, changed: str
) -> None:
    device, other = service.device(), service.device("other")
    add(bob, device)
    if changed == "unreadable":
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE \"{Endpoint._meta.db_table}\" SET secrets = 'of a key that is gone'")
    url, keys = other.url if changed == "url" else device.url, other.keys if changed == "keys" else device.keys

    devices.subscribe(crowd(globex, 1)[0], url, keys, now=db_now())

    assert Endpoint.objects.filter(tenant=bob.tenant_id).count() == 1


def test_a_changed_subscription_shows_one_account_only_too(
    globex: Tenant, alice: Recipient, bob: Recipient, service: PushService
) -> None:
    another, old, new = crowd(globex, 1)[0], service.device("old"), service.device("new")
    add(bob, new)
    add(another, old)

    devices.refresh(another, old.url, new.url, new.keys, now=db_now())

    assert [len(devices.listed(one)) for one in (bob, another)] == [0, 1]


def test_the_twenty_first_is_refused(acme: Tenant, bob: Recipient, service: PushService) -> None:
    many(acme, [bob], service, each=devices.DEVICES_MAX)

    with pytest.raises(NotNow, match="20"):
        add(bob, service.device())
    assert len(devices.listed(bob)) == 20


@pytest.mark.parametrize(
    ("url", "keys", "field"),
    [
        ("https://127.0.0.1/x", {}, "endpoint"),
        ("https://evil.example/x", {}, "endpoint"),
        (None, {"p256dh": "BA" + "A" * 85}, "keys"),
        (None, {"auth": "AAAA"}, "keys"),
    ],
)
def test_nonsense_is_refused_by_field(
    bob: Recipient, service: PushService, url: str | None, keys: dict[str, str], field: str
) -> None:
    device = service.device()

    with pytest.raises(Invalid) as refused:
        devices.subscribe(bob, url or device.url, device.keys | keys, now=db_now())
    assert set(refused.value.errors) == {field}


def test_a_changed_subscription_is_the_same_device(bob: Recipient, alice: Recipient, service: PushService) -> None:
    old, new = service.device("old"), service.device("new")
    first = add(bob, old, label="Phone")

    changed = devices.refresh(bob, old.url, new.url, new.keys, now=db_now())
    other = devices.refresh(alice, new.url, service.device("c").url, service.device("c").keys, now=db_now())

    assert (changed.pk, changed.label, changed.address) == (first.pk, "Phone", new.url)
    assert other.pk != first.pk
    assert [one.address for one in devices.listed(bob)] == [new.url]


# -- how a message finds them --------------------------------------------------------------------------------------


def test_a_workflow_reaches_every_device_of_everybody(
    acme: Tenant, globex: Tenant, publish: Publish, service: PushService
) -> None:
    counts = []
    for size in (9, 999):  # and one who has no device: a chunk of people at the most
        flow = publish(workflow(f"shipped{size}", send("push", title="Hello {{ recipient.name }}")))
        people = crowd(acme, size, prefix=f"n{size}")
        bare = crowd(acme, 1, prefix=f"bare{size}")
        many(acme, people, service)
        many(globex, crowd(globex, 1, prefix=f"x{size}"), service)
        made = trigger(flow.key, tenant=acme, recipients=[*people, *bare])
        with statements() as found:
            engine.drain()
        counts.append(len(found))
        mine = Delivery.objects.filter(tenant=acme, kind="push", origin=run_named(made.transaction_id).public_id)
        assert mine.count() == 3 * size
        assert set(mine.values_list("recipient", flat=True)) == {one.pk for one in people}
    assert counts[1] <= counts[0] + 2, counts  # a rendering each, and no statement each


@pytest.mark.parametrize("size", [10, 1_000])
def test_looking_them_up_takes_two_statements(acme: Tenant, service: PushService, size: int) -> None:
    people = crowd(acme, size)
    away = crowd(acme, 1, prefix="away", active=False)
    many(acme, people[1:] + away, service)

    with statements() as found:
        reached = routing.reach_many(PUSH, [one.pk for one in people + away], tenant_id=acme.pk)

    assert len(found) == 2
    assert reached.unreachable == {people[0].pk}
    assert reached.ids == {one.pk for one in people[1:]}
    assert {len(spots) for spots in reached.addresses.values()} == {3}


@pytest.mark.parametrize("off", ["disabled_at", "verified_at"])
def test_what_is_off_is_not_reached(acme: Tenant, bob: Recipient, service: PushService, off: str) -> None:
    add(bob, service.device())
    Endpoint.objects.filter(tenant=acme).update(**{off: None if off == "verified_at" else db_now()})

    assert routing.reach_many(PUSH, [bob.pk], tenant_id=acme.pk).unreachable == {bob.pk}


# -- what their push service says ----------------------------------------------------------------------------------


def test_each_device_gets_it(bob: Recipient, service: PushService) -> None:
    add(bob, service.device("a"))
    add(bob, service.device("b"))
    put(bob)
    go()

    assert states() == ["accepted", "accepted"]
    assert [told["title"] for _, told in service.came] == ["Hello", "Hello"]
    assert all(one.last_ok_at for one in devices.listed(bob))


def test_a_service_that_limits_one_device_holds_up_no_other(
    alice: Recipient, bob: Recipient, service: PushService
) -> None:
    add(bob, service.device("limited"))
    add(alice, service.device("other"))
    service.says(after="429 Slowly", fields="Retry-After: 7200\r\n")
    put(bob)
    go()
    service.says()
    put(alice)
    Lane.objects.across_tenants().update(ready_at=later(-1))
    drain()

    assert states() == ["accepted", "pending"]
    assert Delivery.objects.across_tenants().get(state="pending").due_at > db_now() + timedelta(seconds=7_100)


@pytest.mark.parametrize("status", ["404 Not Found", "410 Gone"])
def test_one_that_is_gone_is_forgotten_and_no_other(bob: Recipient, service: PushService, status: str) -> None:
    add(bob, service.device("a"))
    put(bob)
    add(bob, service.device("b"))
    service.says(after=status)
    go()

    assert states() == ["failed"]
    assert [one.address for one in devices.listed(bob)] == [service.device("b").url]
    assert not Suppression.objects.across_tenants().exists()


def test_one_that_changed_meanwhile_stays(bob: Recipient, service: PushService) -> None:
    old, new = service.device("old"), service.device("new")
    add(bob, old)
    put(bob)
    devices.refresh(bob, old.url, new.url, new.keys, now=db_now())
    service.says(after="410 Gone")
    go()

    assert [one.address for one in devices.listed(bob)] == [new.url]


def test_one_device_that_is_refused_three_times_goes(bob: Recipient, service: PushService) -> None:
    add(bob, service.device())
    service.says(after="403 No")
    put(bob)
    left = []
    for _ in range(3):
        go()
        left.append([one.failures for one in devices.listed(bob)])

    assert left == [[1], [2], []]


def refused(service: PushService, people: list[Recipient], *, times: int) -> None:
    """A message to these people, whose devices are refused so many times."""
    service.says(after="403 No")
    put(*people)
    for _ in range(times):
        go()


def let_minutes_pass(minutes: int) -> None:
    """What is on record of devices was so many minutes earlier."""
    rows, by = Endpoint.objects.across_tenants(), timedelta(minutes=minutes)
    rows.update(failing_since=F("failing_since") - by, last_ok_at=F("last_ok_at") - by)


def a_device_each(people: list[Recipient], service: PushService) -> None:
    for one in people:
        add(one, service.device(str(one.pk)))


@pytest.fixture
def channel(acme: Tenant) -> Channel:
    return Channel.objects.create(tenant=acme, kind="push", name="Push")


def why_paused(channel: Channel) -> str:
    channel.refresh_from_db()
    return channel.paused_because if channel.paused_at else ""


def test_where_everybody_is_refused_for_ten_minutes_it_is_our_key(
    acme: Tenant, channel: Channel, service: PushService, caplog: pytest.LogCaptureFixture
) -> None:
    people = crowd(acme, 3)
    a_device_each(people, service)

    refused(service, people, times=3)
    assert why_paused(channel) == ""
    let_minutes_pass(10)
    go()

    assert why_paused(channel) == "refused"
    assert Endpoint.objects.filter(tenant=acme).count() == 3
    assert "push.key_refused" in caplog.text


def test_the_devices_of_one_person_are_nobodys_proof(
    acme: Tenant, globex: Tenant, bob: Recipient, channel: Channel, service: PushService
) -> None:
    elsewhere = crowd(globex, 1)[0]
    elsewhere.user = bob.user
    elsewhere.save()
    for name in "abc":
        add(bob, service.device(name))
    add(elsewhere, service.device("d"))

    refused(service, [elsewhere], times=1)
    refused(service, [bob], times=1)
    let_minutes_pass(20)
    for _ in range(2):
        go()

    assert why_paused(channel) == ""
    assert devices.listed(bob) == []


def test_that_nobody_was_told_for_ten_minutes_is_no_proof(acme: Tenant, channel: Channel, service: PushService) -> None:
    people = crowd(acme, 3)
    a_device_each(people, service)

    refused(service, people[:1], times=1)
    let_minutes_pass(20)
    refused(service, people[1:], times=1)

    assert why_paused(channel) == ""
    assert [one.failures for one in Endpoint.objects.filter(tenant=acme).order_by("pk")] == [2, 1, 1]


def test_who_was_reached_since_says_that_it_is_not(acme: Tenant, channel: Channel, service: PushService) -> None:
    people = crowd(acme, 4)
    a_device_each(people, service)

    refused(service, people[:3], times=2)
    let_minutes_pass(5)
    Endpoint.objects.filter(tenant=acme, recipient=people[3]).update(last_ok_at=db_now())
    let_minutes_pass(15)
    go()

    assert why_paused(channel) == ""
    assert [one.recipient_id for one in Endpoint.objects.filter(tenant=acme)] == [people[3].pk]


def test_who_was_reached_before_does_not(acme: Tenant, service: PushService) -> None:
    """A key that has just been changed has pushes behind it that went well."""
    people = crowd(acme, 4)
    a_device_each(people, service)
    Endpoint.objects.filter(tenant=acme, recipient=people[3]).update(last_ok_at=db_now() - timedelta(minutes=1))

    refused(service, people[:3], times=3)

    assert Endpoint.objects.filter(tenant=acme).count() == 4


def test_what_came_back_is_learnt_in_few_statements(acme: Tenant, service: PushService) -> None:
    counts = []
    for size in (10, 40):
        people = crowd(acme, size, prefix=f"s{size}")
        many(acme, people, service, each=1)
        rows = Endpoint.objects.filter(tenant=acme, recipient__in=people)
        parcels = [_parcel(one) for one in rows.defer("secrets")]
        with statements() as found:
            endpoint_health.learn([(one, Temporary("auth")) for one in parcels], now=db_now())
        counts.append(len(found))

    assert counts[0] == counts[1] <= 5


def _parcel(row: Endpoint) -> Parcel:
    return Parcel(
        id=row.pk,
        token=uuid.uuid4(),
        attempt=1,
        lane_id=1,
        tenant_id=row.tenant_id,
        public_id=uuid.uuid4(),
        stable_id=uuid.uuid4(),
        kind="push",
        address=row.address,
        channel_id=None,
        recipient_id=row.recipient_id,
        slots={"endpoint": row.pk},
        parts={},
        attachments=[],
        notice_key="",
        expires_at=None,
        created_at=db_now(),
        decided_at=db_now(),
    )


# -- what goes with them -------------------------------------------------------------------------------------------


def test_what_was_enqueued_while_its_device_went_does_not_leave(bob: Recipient, service: PushService) -> None:
    """Its cancelling saw only what was there."""
    add(bob, service.device())
    put(bob)
    Endpoint.objects.filter(tenant=bob.tenant_id).delete()
    go()

    assert service.came == []
    assert list(Delivery.objects.across_tenants().values_list("state", "code")) == [("cancelled", "device_removed")]


def test_what_waits_for_a_device_that_became_somebody_elses_is_not_shown_there(
    alice: Recipient, bob: Recipient, service: PushService
) -> None:
    add(bob, service.device())
    put(bob)
    add(alice, service.device())
    go()

    assert service.came == []
    assert list(Delivery.objects.across_tenants().values_list("state", "code")) == [("cancelled", "device_removed")]


def test_what_waits_for_a_removed_device_is_cancelled_and_says_why(
    alice: Recipient, bob: Recipient, service: PushService
) -> None:
    gone, kept = add(bob, service.device("gone")), add(bob, service.device("kept"))
    add(alice, service.device("hers"))
    put(alice, bob)

    assert endpoints.remove(bob, gone.public_id, now=db_now(), devices=True)
    go()

    found = {one.address: (one.state, one.code) for one in Delivery.objects.across_tenants()}
    assert found[gone.address] == ("cancelled", "device_removed")
    assert found[kept.address][0] == found[service.device("hers").url][0] != "cancelled"
    assert len(service.came) == 2
