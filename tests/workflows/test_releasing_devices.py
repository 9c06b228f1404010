"""Pushes that were held: each leaves in the morning to every device of its person, once, and so does a summary."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from channels_delivery import devices
from channels_delivery.courier import drain
from channels_delivery.models import Delivery
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from preferences import holding
from preferences.models import Hold, TenantHabits
from tests.cast import Publish, crowd, run_named, statements, workflow
from tests.channels_delivery.moves import let_time_come
from tests.channels_delivery.push_service import PushService
from workflows import engine, releasing
from workflows.define import send
from workflows.trigger import trigger

pytestmark = pytest.mark.django_db


@pytest.fixture
def service(settings: Any) -> Iterator[PushService]:
    with PushService() as one:
        settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": one.site}
        yield one


@pytest.fixture(autouse=True)
def asleep(acme: Tenant, publish: Publish) -> None:
    """Everybody of Acme is, until they are woken."""
    publish(workflow("t.push", send("push", title="Push {{ payload.n }}")))
    TenantHabits.objects.create(tenant=acme, quiet_hours=[{"start": "00:00", "end": "24:00"}])


def with_devices(tenant: Tenant, service: PushService, *counts: int, prefix: str = "p") -> list[Recipient]:
    people = crowd(tenant, len(counts), prefix=prefix)
    for person, count in zip(people, counts, strict=True):
        for n in range(count):
            device = service.device(f"{person.pk}-{n}")
            devices.subscribe(person, device.url, device.keys, now=db_now())
    return people


def start(tenant: Tenant, *people: Recipient, n: int) -> None:
    run_named(trigger("t.push", tenant=tenant, recipients=people, payload={"n": n}).transaction_id)
    engine.drain()


def wake(tenant: Tenant) -> None:
    TenantHabits.objects.filter(tenant=tenant).delete()
    holding.look_again_at_all(tenant.pk, now=db_now())


def morning(tenant: Tenant) -> None:
    wake(tenant)
    for _ in range(2):  # the second finds nothing
        releasing.release_all(tenant=tenant.pk, clock=db_now)
        let_time_come()
        drain()


def shown(service: PushService) -> Counter[tuple[str, str]]:
    """What each device was told, and how often."""
    paths = [raw.split(b" ", 2)[1].decode().rsplit("/", 1)[1] for raw in service.receiver.requests]
    return Counter((path, told["title"]) for path, (_, told) in zip(paths, service.came, strict=True))


def test_each_device_shows_in_the_morning_what_was_held_once(acme: Tenant, service: PushService) -> None:
    one, two, none = with_devices(acme, service, 1, 3, 0)
    start(acme, one, two, none, n=1)
    assert (service.receiver.requests, Delivery.objects.filter(tenant=acme).count()) == ([], 0)

    morning(acme)

    named = [f"{one.pk}-0", *(f"{two.pk}-{n}" for n in range(3))]
    assert shown(service) == Counter({(name, "Push 1"): 1 for name in named})


def test_each_device_shows_one_summary(acme: Tenant, service: PushService) -> None:
    (person,) = with_devices(acme, service, 2)
    start(acme, person, n=1)
    start(acme, person, n=2)

    morning(acme)

    words = "2 messages waited for you"
    assert sorted((name, title[: len(words)]) for name, title in shown(service).elements()) == [
        (f"{person.pk}-{n}", words) for n in range(2)
    ]
    assert [one.ended_as for one in Hold.objects.filter(tenant=acme)] == ["summary", "summary"]


def test_a_device_that_was_added_over_night_shows_it_and_one_that_went_does_not(
    acme: Tenant, service: PushService
) -> None:
    (person,) = with_devices(acme, service, 1)
    start(acme, person, n=1)
    devices.unsubscribe(person, service.device(f"{person.pk}-0").url, now=db_now())
    new = service.device("new")
    devices.subscribe(person, new.url, new.keys, now=db_now())

    morning(acme)

    assert shown(service) == Counter({("new", "Push 1"): 1})


def test_devices_take_no_statement_of_their_own(acme: Tenant, service: PushService) -> None:
    counts = []
    for name, size in (("first", 1), ("second", 1), ("third", 8)):
        people = with_devices(acme, service, *[3] * size, prefix=f"{name}-")
        TenantHabits.objects.get_or_create(tenant=acme, defaults={"quiet_hours": [{"start": "00:00", "end": "24:00"}]})
        start(acme, *people, n=1)
        wake(acme)
        with statements() as taken:
            releasing.release_all(tenant=acme.pk, clock=db_now)
        counts.append(len(taken))

    assert counts[1] == counts[2]  # the first one makes the lane
