"""Pushes in a simulation: to each device of whoever plays, and to none that is really there."""

from typing import Any

import pytest

from channels_delivery import devices
from channels_delivery.outcome import Delivered, Outcome
from channels_delivery.parcel import Parcel
from notifications.kernel.clock import db_now
from notifications.models import Recipient
from tests.cast import Publish, workflow
from tests.channels_delivery.push_service import PushService
from workflows.define import send
from workflows.simulate import Persona, simulate

pytestmark = pytest.mark.django_db


@pytest.fixture
def pushed(publish: Publish) -> str:
    publish(workflow("t.push", send("push", title="Ping")))
    return "t.push"


class Postman:
    """Keeps what would have left."""

    def __init__(self) -> None:
        self.took: list[Parcel] = []

    def __call__(self, parcel: Parcel, *_: Any, **__: Any) -> Outcome:
        self.took.append(parcel)
        return Delivered("")


def test_each_device_of_a_persona_gets_it(pushed: str) -> None:
    postman = Postman()

    simulate(pushed, people=[Persona("ann", devices=3), Persona("ben", devices=1), "cleo"], sender=postman)

    assert len({one.address for one in postman.took}) == len(postman.took) == 4


def test_a_real_person_plays_with_as_many_devices_and_none_is_reached(
    bob: Recipient, pushed: str, settings: Any
) -> None:
    with PushService() as service:
        settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": service.site}
        for name in "ab":
            device = service.device(name)
            devices.subscribe(bob, device.url, device.keys, now=db_now())
        postman = Postman()

        simulate(pushed, people=[bob], tenant=bob.tenant, sender=postman)

        assert len(postman.took) == 2
        assert all(one.address.startswith("https://push.invalid/") for one in postman.took)
        assert service.receiver.requests == []
        assert len(devices.listed(bob)) == 2
