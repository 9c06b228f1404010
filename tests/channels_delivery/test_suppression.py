"""Who said no is left alone, however their address is written."""

import hashlib
from collections import Counter
from typing import Any

import pytest

from channels_delivery import receipts
from channels_delivery.callbacks.event import Told
from channels_delivery.courier import drain
from channels_delivery.models import Channel, Event, Suppression
from channels_delivery.outcome import Permanent
from channels_delivery.routes import way_of
from channels_delivery.suppression import digest, lift, suppress, suppress_many, suppressed_among, take_back_stop
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


LEGAL, STOPPED = "legal: court order", "STOP: STOP"


@pytest.mark.parametrize(
    ("said", "stays"),
    [
        ([STOPPED, LEGAL], LEGAL),
        ([LEGAL, STOPPED], LEGAL),
        ([STOPPED, ""], ""),
        ([LEGAL, "HTTP 400 21211"], LEGAL),
        ([STOPPED, "STOP: HTTP 400 21610"], None),
        (["stop sending, says the customer", STOPPED], "stop sending, says the customer"),
        ([LEGAL], LEGAL),
        ([STOPPED], None),
    ],
)
@pytest.mark.parametrize("at_once", [False, True])
def test_start_lifts_only_what_nobody_else_forbade(
    acme: Tenant, said: list[str], stays: str | None, at_once: bool
) -> None:
    entries = [(acme.pk, "sms", "+4915112345678", reason) for reason in said]
    for batch in [entries] if at_once else [[one] for one in entries]:
        suppress_many(batch, now=db_now())

    take_back_stop("sms", ["+49 151 12345678"], tenant_id=acme.pk)

    assert [one.reason for one in Suppression.objects.filter(tenant=acme)] == ([] if stays is None else [stays])


def test_a_second_reason_is_no_second_address_and_keeps_the_day_of_the_first(acme: Tenant) -> None:
    first = db_now()
    assert suppress("sms", ["+1", "+2"], tenant_id=acme.pk, reason=STOPPED, now=first) == 2

    assert suppress("sms", ["+2", "+3"], tenant_id=acme.pk, reason=LEGAL, now=db_now()) == 1

    assert dict(Counter(Suppression.objects.filter(tenant=acme).values_list("reason", flat=True))) == {
        STOPPED: 1,
        LEGAL: 2,
    }
    assert Suppression.objects.filter(tenant=acme, created_at=first).count() == 2


def test_listing_takes_two_statements_for_many_as_for_few(acme: Tenant, django_assert_num_queries: Any) -> None:
    suppress("sms", ["+0"], tenant_id=acme.pk, now=db_now())  # what is asked once a connection
    now = db_now()

    for addresses, statements in (["+1"], 2), ([f"+{n}" for n in range(300)], 2), ([], 0):
        with django_assert_num_queries(statements):
            suppress("sms", addresses, tenant_id=acme.pk, reason=LEGAL, now=now)


def test_the_list_holds_no_address_whatever_a_server_says(acme: Tenant) -> None:
    bob = "bob@acme.example"
    put(acme, bob)
    told = Permanent("address", f"550 5.1.1 <{bob}>: {'no mailbox ' * 15} {bob} here", suppress=True)

    finish(take(), told)

    [listed] = Suppression.objects.filter(tenant=acme)
    assert listed.reason.startswith("550 5.1.1 <…>: no mailbox")
    assert "bob" not in listed.reason
    assert suppressed_among("scripted", [bob], tenant_id=acme.pk)


def test_nor_does_it_where_a_provider_tells_it_later(acme: Tenant) -> None:
    channel = Channel.objects.create(tenant=acme, kind="sms", name="c", settings={"provider": "http"})
    said = f"STOP: {'-' * 189}+4915112345678"  # of which the list has room for five characters
    told = Told(Event.STOPPED, "k", address="+4915112345678", detail=said, suppress=True)

    receipts.record(channel, [told], now=db_now())

    [listed] = Suppression.objects.filter(tenant=acme)
    assert listed.reason == f"STOP: {'-' * 189}…"
