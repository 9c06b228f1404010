"""Sending without a network: the same hands as for real, at a time that the caller says, for one tenant."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from channels_delivery import simulated
from channels_delivery.following import tracks_of
from channels_delivery.models import Attempt
from channels_delivery.outbox import Address
from channels_delivery.outcome import Accepted, Delivered, Hold, Outcome, Permanent, Temporary
from channels_delivery.parcel import Parcel
from channels_delivery.suppression import suppress_many
from channels_delivery.testing import Scripted
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from tests.channels_delivery.moves import attempts, fresh_id, put

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scripted")]
MINUTE = timedelta(minutes=1)


def send(tenant: Tenant, now: datetime, outcome: Outcome | None = None) -> int:
    return simulated.send_due(tenant_id=tenant.pk, now=now, sender=lambda _: outcome or Delivered())


def state(delivery: Any) -> str:
    delivery.refresh_from_db()
    return str(delivery.state)


def test_what_is_due_ends_as_the_sender_says(acme: Tenant) -> None:
    one, other = put(acme, "a", "b")
    says = {"a": Accepted(), "b": Permanent("address")}

    count = simulated.send_due(tenant_id=acme.pk, now=db_now(), sender=lambda parcel: says[parcel.address])

    assert (count, state(one), state(other)) == (2, "accepted", "failed")
    assert (attempts(one), attempts(other)) == (["accepted"], ["failed"])


def test_a_retry_is_due_exactly_when_its_policy_says(acme: Tenant) -> None:
    (one,) = put(acme)
    now = db_now()

    send(acme, now, Temporary("network"))

    assert state(one) == "pending"
    assert simulated.next_due(tenant_id=acme.pk) == one.due_at == now + timedelta(seconds=30)
    assert send(acme, now + timedelta(seconds=29)) == 0
    assert send(acme, now + timedelta(seconds=30)) == 1
    assert state(one) == "delivered"


def test_nobody_elses_are_touched(acme: Tenant, globex: Tenant) -> None:
    put(globex)

    assert send(acme, db_now() + MINUTE) == 0
    assert simulated.next_due(tenant_id=acme.pk) is None


def test_what_is_past_its_time_expires(acme: Tenant) -> None:
    now = db_now()
    (one,) = put(acme, expires_at=now + MINUTE, due_at=now + 5 * MINUTE)

    assert simulated.next_due(tenant_id=acme.pk) == now + MINUTE
    assert send(acme, now + MINUTE) == 0
    assert state(one) == "expired"


def test_the_last_look_is_taken(acme: Tenant) -> None:
    (one,) = put(acme, "a")
    suppress_many([(acme.pk, "scripted", "a", "bounced")], now=db_now())

    send(acme, db_now())

    assert state(one) == "failed"


def holds(parcels: Sequence[Parcel], *, now: datetime) -> dict[int, Hold]:
    """A gate that always says: now."""
    return {parcel.id: Hold(now) for parcel in parcels}


def test_a_gate_that_holds_until_now_does_not_go_round_for_ever(
    acme: Tenant, alice: Recipient, scripted: Scripted, settings: Any
) -> None:
    section = {**settings.NOTIFYHUB["CHANNELS_DELIVERY"], "GATE": f"{__name__}.holds"}
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": section}
    put(acme, to=[Address("a", alice.pk)])

    assert send(acme, db_now() + 5 * MINUTE) == 1
    assert not Attempt.objects.exists()


def test_what_an_origin_sent_to_one_person_is_found_among_others(
    acme: Tenant, alice: Recipient, bob: Recipient
) -> None:
    origin = fresh_id()
    for step in ("0.0", "2.0"):
        to = [Address("a", alice.pk), Address("b", bob.pk)]
        put(acme, to=to, origin=origin, origin_step=step, parts={"title": f"At {step}"})
    put(acme, to=[Address("a", alice.pk)], origin=fresh_id(), origin_step="0.0")

    found = tracks_of(alice.pk, origin=origin, tenant_id=acme.pk)

    assert [(one.step, one.address, one.title) for one in found] == [("0.0", "a", "At 0.0"), ("2.0", "a", "At 2.0")]
    assert tracks_of(alice.pk, origin=origin, tenant_id=acme.pk + 1) == []
