"""Who said no is left alone, however their address is written."""

import hashlib

import pytest

from channels_delivery import receipts
from channels_delivery.callbacks.event import Told
from channels_delivery.courier import drain
from channels_delivery.models import Channel, Event, Suppression
from channels_delivery.routes import way_of
from channels_delivery.suppression import digest, lift, suppress, suppressed_among
from notifications.kernel.clock import db_now
from notifications.models import Tenant

from .moves import finish, put, states, take

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]

INTERNATIONAL, DIALLED = "Jane@Bücher.example", "jane@xn--bcher-kva.example"


@pytest.mark.parametrize("spelling", [DIALLED, DIALLED.upper(), "jane@bu\u0308cher.example", "jane@BÜCHER.example"])
def test_an_international_domain_is_one_with_what_is_dialled(acme: Tenant, spelling: str) -> None:
    suppress("email", [spelling], tenant_id=acme.pk, now=db_now())

    assert suppressed_among("email", [INTERNATIONAL, "jane@bucher.example"], tenant_id=acme.pk) == {INTERNATIONAL}


def test_a_complaint_about_what_was_dialled_stops_what_is_written_in_letters(acme: Tenant) -> None:
    channel = Channel.objects.create(tenant=acme, kind="scripted", name="c", settings={"host": "1"})
    [one] = put(acme, INTERNATIONAL, channel=channel.pk, way=way_of(channel))
    finish(take())
    told = Told(Event.COMPLAINED, "k", delivery=one.public_id, address=DIALLED, suppress=True)

    receipts.record(channel, [told], now=db_now())
    put(acme, INTERNATIONAL, channel=channel.pk, way=way_of(channel))
    drain()

    assert states() == {"delivered": 1, "failed": 1}


@pytest.mark.parametrize(
    ("address", "spelling"),
    [
        ("Bob@Acme.Example", "bob@acme.example"),
        (" jürgen@Acme.example", "jürgen@acme.example"),
        ("bob@-nowhere-.ü", "bob@-nowhere-.ü"),
        ("+49 (151) 234-56", "+4915123456"),
        ("https://hooks.example/Ü", "https://hooks.example/Ü"),
    ],
)
def test_other_addresses_keep_the_hash_that_they_always_had(acme: Tenant, address: str, spelling: str) -> None:
    assert digest(7, "email", address) == hashlib.sha256(f"7\0email\0{spelling}".encode()).hexdigest()


def test_who_was_listed_under_the_letters_of_their_domain_stays_listed_until_lifted(acme: Tenant) -> None:
    before = hashlib.sha256(f"{acme.pk}\0email\0jane@bücher.example".encode()).hexdigest()
    Suppression.objects.create(tenant=acme, kind="email", digest=before, reason="legal", created_at=db_now())
    assert suppressed_among("email", [INTERNATIONAL], tenant_id=acme.pk)

    assert lift("email", [INTERNATIONAL], tenant_id=acme.pk) == 1

    assert not suppressed_among("email", [INTERNATIONAL], tenant_id=acme.pk)
