"""Keys are changed without a secret being lost: a new one in front, the command, the old one away."""

from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection

from channels_delivery.models import Channel
from notifications.models import Tenant

pytestmark = pytest.mark.django_db(transaction=True)
LABEL = "notifyhub_channels_delivery.Channel.secrets"


@pytest.fixture
def channels(acme: Tenant, globex: Tenant) -> list[Channel]:
    return [
        Channel.objects.create(tenant=tenant, kind="webhook", name=f"c{n}", secrets={"signing": [f"whsec_{n}"]})
        for n, tenant in enumerate([acme, globex, acme, globex, acme])
    ]


def rotate(*arguments: str) -> str:
    said = StringIO()
    call_command("notifyhub_rotate_keys", *arguments, stdout=said)
    return next(line for line in said.getvalue().splitlines() if line.startswith(LABEL)).removeprefix(f"{LABEL}: ")


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
