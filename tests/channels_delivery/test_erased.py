"""A person is erased while something is under way to them: what is said of it later names nobody."""

import pytest

from channels_delivery import receipts
from channels_delivery.callbacks.event import Told
from channels_delivery.models import Attempt, Channel, Event, Receipt
from channels_delivery.outbox import Address
from channels_delivery.outcome import Accepted, Outcome, Permanent, Temporary
from channels_delivery.suppression import reasons
from notifications import privacy
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant

from .moves import deliveries, finish, put, take

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]
BOB, ANN = "bob@acme.example", "ann@acme.example"


@pytest.mark.parametrize(
    ("outcome", "state", "listed"),
    [
        (Permanent("address", f"550 <{BOB}>: Bob left", suppress=True), "failed", ["", "550 <…>: Bob left"]),
        (Permanent("address", "STOP: says Bob", suppress=True), "failed", ["STOP", "STOP: says Bob"]),
        (Temporary("provider", f"450 <{BOB}> later"), "cancelled", []),
        (Accepted(f"250 queued for {BOB}"), "accepted", []),
    ],
)
def test_the_answer_that_comes_later_is_not_kept(
    acme: Tenant, bob: Recipient, outcome: Outcome, state: str, listed: list[str]
) -> None:
    put(acme, to=[Address(BOB, bob.pk), Address(ANN)])
    parcels = take()
    privacy.erase(bob, now=db_now())

    finish(parcels, outcome)

    theirs, others = deliveries()
    assert (theirs.address, theirs.state) == (f"erased:{theirs.pk}", state)
    assert Attempt.objects.get(delivery=theirs.pk).detail == ""
    assert Attempt.objects.get(delivery=others.pk).detail == outcome.detail
    kept = reasons([(acme.pk, "scripted", BOB), (acme.pk, "scripted", ANN)])
    assert [kept[acme.pk, "scripted", one] for one in (BOB, ANN) if kept] == listed


def test_neither_is_the_report_that_comes_later(acme: Tenant, bob: Recipient) -> None:
    channel = Channel.objects.create(tenant=acme, kind="scripted", name="c", settings={"host": "1"})
    [one] = put(acme, to=[Address(BOB, bob.pk)], channel=channel.pk)
    finish(take(), Accepted())
    privacy.erase(bob, now=db_now())
    told = Told(Event.BOUNCED, "k", delivery=one.public_id, address=BOB, detail=f"550 <{BOB}> is gone", suppress=True)

    receipts.record(channel, [told], now=db_now())

    assert Receipt.objects.get(tenant=acme, delivery=one.pk).detail == ""
    assert reasons([(acme.pk, "scripted", BOB)]) == {(acme.pk, "scripted", BOB): ""}
