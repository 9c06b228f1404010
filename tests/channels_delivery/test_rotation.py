"""Keys are changed without a secret being lost: a new one in front, the command, the old one away."""

import re
from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection

from channels_delivery.models import Channel, Endpoint
from channels_delivery.own.place import opened
from notifications.kernel.encrypted import key_id
from notifications.models import Tenant

from .moves import deliveries, put

pytestmark = pytest.mark.django_db(transaction=True)
LABEL = "notifyhub_channels_delivery.Channel.secrets"


@pytest.fixture
def channels(acme: Tenant, globex: Tenant) -> list[Channel]:
    return [
        Channel.objects.create(tenant=tenant, kind="webhook", name=f"c{n}", secrets={"signing": [f"whsec_{n}"]})
        for n, tenant in enumerate([acme, globex, acme, globex, acme])
    ]


def rotate(*arguments: str, label: str = LABEL) -> str:
    said = StringIO()
    call_command("notifyhub_rotate_keys", *arguments, stdout=said)
    return next(line for line in said.getvalue().splitlines() if line.startswith(label)).removeprefix(f"{label}: ")


def stored() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT secrets FROM notifyhub_channels_delivery_channel ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


def test_after_rotation_the_old_key_may_go(channels: list[Channel], settings: Any) -> None:
    old, new = settings.NOTIFYHUB_ENCRYPTION_KEYS[0], Fernet.generate_key().decode()
    settings.NOTIFYHUB_ENCRYPTION_KEYS = [new, old]
    assert rotate("--check") == "5 to be rotated, 0 current, 0 unreadable"

    assert rotate("--batch", "2") == "5 rotated, 0 current, 0 unreadable"

    settings.NOTIFYHUB_ENCRYPTION_KEYS = [new]
    read = Channel.objects.across_tenants().order_by("pk")
    assert [one.secrets["signing"] for one in read] == [[f"whsec_{n}"] for n in range(5)]


def test_a_second_run_writes_nothing(channels: list[Channel], settings: Any) -> None:
    settings.NOTIFYHUB_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.NOTIFYHUB_ENCRYPTION_KEYS]
    rotate()
    before = stored()

    assert rotate() == "0 rotated, 5 current, 0 unreadable"
    assert stored() == before


def test_what_no_key_reads_is_told_and_left_as_it_is(channels: list[Channel], settings: Any) -> None:
    before = stored()
    settings.NOTIFYHUB_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    with pytest.raises(CommandError, match="reads 5 of them"):
        rotate()

    assert stored() == before


def test_it_says_which_keys_are_still_in_use(channels: list[Channel], settings: Any) -> None:
    old, new, idle = settings.NOTIFYHUB_ENCRYPTION_KEYS[0], *(Fernet.generate_key().decode() for _ in range(2))
    settings.NOTIFYHUB_ENCRYPTION_KEYS = [new, old, idle]
    names = [key_id(one) for one in (new, old, idle)]

    assert keys("--dry-run") == list(zip(names, "050", ("writes", "in use", "may go"), strict=True))
    assert keys() == list(zip(names, "500", ("writes", "may go", "may go"), strict=True))


def test_what_was_rotated_before_a_stop_is_not_rotated_again(channels: list[Channel], settings: Any) -> None:
    settings.NOTIFYHUB_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.NOTIFYHUB_ENCRYPTION_KEYS]
    for one in channels[:2]:
        one.save(update_fields=["secrets"])

    assert rotate("--batch", "1") == "3 rotated, 2 current, 0 unreadable"


@pytest.mark.usefixtures("scripted")
def test_the_copies_that_deliveries_carry_are_rotated_too(acme: Tenant, settings: Any) -> None:
    label, box = "notifyhub_channels_delivery.Delivery.slots", Endpoint._meta.get_field("secrets")
    for delivery in put(acme, "a", "b", "c", "d"):
        slots = {"endpoint": delivery.pk, "keys": box.get_prep_value({"auth": delivery.address})}
        deliveries().filter(pk=delivery.pk).update(slots={} if delivery.address == "d" else slots)
    old, new = settings.NOTIFYHUB_ENCRYPTION_KEYS[0], Fernet.generate_key().decode()
    settings.NOTIFYHUB_ENCRYPTION_KEYS = [new, old]
    assert keys("--check") == [(key_id(new), "0", "writes"), (key_id(old), "3", "in use")]

    assert rotate("--batch", "2", label=label) == "3 rotated, 0 current, 0 unreadable"

    settings.NOTIFYHUB_ENCRYPTION_KEYS = [new]
    carried = [one.slots for one in deliveries()]
    assert [opened(one.get("keys")) for one in carried] == [{"auth": "a"}, {"auth": "b"}, {"auth": "c"}, {}]
    assert [one.get("endpoint") for one in carried[:3]] == list(deliveries().values_list("pk", flat=True)[:3])


def keys(*arguments: str) -> list[tuple[str, ...]]:
    said = StringIO()
    call_command("notifyhub_rotate_keys", *arguments, stdout=said)
    return re.findall(r"^key (\S+): (\d+) secrets, (.+)$", said.getvalue(), re.MULTILINE)
