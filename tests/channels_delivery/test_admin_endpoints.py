"""The admin of devices: to look at, only one's own tenant's, and without what would let somebody push to them."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from channels_delivery import devices
from channels_delivery.models import Endpoint
from notifications.kernel.clock import db_now
from notifications.models import Recipient
from tests.channels_delivery.push_service import Device

pytestmark = pytest.mark.django_db
URL = "https://fcm.googleapis.com/fcm/send/canary-of-an-address"


def staff(person: Recipient) -> Client:
    user = person.user
    assert isinstance(user, User)
    user.is_staff = True
    user.save()
    user.user_permissions.set(Permission.objects.filter(codename__endswith="_endpoint"))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def device() -> Device:
    return Device(URL)


@pytest.fixture
def row(bob: Recipient, device: Device) -> Endpoint:
    return devices.subscribe(bob, device.url, device.keys, label="Bob's phone", now=db_now())


def pages(row: Endpoint) -> list[str]:
    name = "admin:notifyhub_channels_delivery_endpoint"
    return [reverse(f"{name}_changelist"), reverse(f"{name}_change", args=[row.pk])]


def test_a_device_is_shown_without_its_address_and_keys(alice: Recipient, row: Endpoint, device: Device) -> None:
    for url in pages(row):
        answer = staff(alice).get(url)

        said = answer.content.decode()
        assert answer.status_code == 200
        assert "s phone" in said
        assert "https://fcm.googleapis.com" in said
        assert not [secret for secret in ("canary-of", *device.keys.values()) if secret in said]


def test_nobody_of_another_tenant_sees_it(mallory: Recipient, row: Endpoint) -> None:
    listed, one = (staff(mallory).get(url) for url in pages(row))

    assert "s phone" not in listed.content.decode()
    assert one.status_code != 200


def test_it_cannot_be_changed(alice: Recipient, row: Endpoint) -> None:
    assert staff(alice).post(pages(row)[1], {"label": "Mine"}).status_code == 403
