"""The last look before anything leaves: suppressed addresses, and what the site's gate says of what waited long."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection

from channels_delivery import outbox, suppression
from channels_delivery.checks import check_gate
from channels_delivery.courier import drain
from channels_delivery.models import Attempt, Suppression
from channels_delivery.outbox import Address
from channels_delivery.outcome import Drop, Hold, Permanent, Temporary
from channels_delivery.parcel import Parcel
from channels_delivery.sweeps import expire
from channels_delivery.testing import Scripted
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant

from .moves import attempts, deliveries, finish, lane, later, let_time_come, put, states, take

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


class Gate:
    """What a site installs. Says of each person what it is told to say, and keeps who was asked about."""

    def __init__(self) -> None:
        self.says: dict[int, Any] = {}
        self.asked: list[list[int | None]] = []

    def __call__(self, parcels: Sequence[Parcel], *, now: datetime) -> Mapping[int, Drop | Hold]:
        self.asked.append([parcel.recipient_id for parcel in parcels])
        for raised in [said for said in self.says.values() if isinstance(said, Exception)]:
            raise raised
        return {p.id: self.says[p.recipient_id] for p in parcels if p.recipient_id in self.says}


GATE = Gate()


@pytest.fixture
def gate(settings: Any, scripted: Scripted) -> Gate:
    section = {**settings.NOTIFYHUB["CHANNELS_DELIVERY"], "GATE": f"{__name__}.GATE"}
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": section}
    GATE.__init__()  # type: ignore[misc]
    return GATE


def long_ago() -> None:
    deliveries().update(decided_at=later(-61))


def to(*people: Recipient) -> dict[str, Any]:
    """A letter's receivers, as the moves put them."""
    return {"to": [Address(str(person.external_id), person.pk) for person in people]}


def test_a_suppressed_address_gets_nothing_and_the_others_do(acme: Tenant, globex: Tenant, scripted: Scripted) -> None:
    suppression.suppress("scripted", ["Zoe@X.example"], tenant_id=acme.pk, reason="complaint", now=db_now())
    put(acme, "zoe@x.example", "ann@x.example")
    put(globex, "zoe@x.example")

    drain()

    assert {(one.tenant_id, one.address) for one in scripted.sent} == {
        (acme.pk, "ann@x.example"),
        (globex.pk, "zoe@x.example"),
    }
    refused = deliveries().get(state="failed")
    assert refused.code == "address"
    assert Attempt.objects.get(delivery_id=refused.pk).detail == "suppressed: complaint"


def test_what_the_receiving_end_refuses_for_good_is_suppressed(acme: Tenant, scripted: Scripted) -> None:
    scripted.says["gone"] = [Permanent("address", "5.1.1 no such user", suppress=True)]
    put(acme, "gone")
    drain()
    put(acme, "gone", "there")

    drain()

    assert [one.address for one in scripted.sent] == ["gone", "there"]
    assert suppression.suppressed_among("scripted", ["gone", "there"], tenant_id=acme.pk) == {"gone"}
    assert Suppression.objects.get(tenant=acme).reason == "5.1.1 no such user"


def test_lifting_lets_it_through_again(acme: Tenant, scripted: Scripted) -> None:
    now = db_now()
    assert suppression.suppress("scripted", ["a", "b"], tenant_id=acme.pk, now=now) == 2
    assert suppression.suppress("scripted", ["b", "c"], tenant_id=acme.pk, now=now) == 1
    assert suppression.lift("scripted", ["a", "x"], tenant_id=acme.pk) == 1
    put(acme, "a", "b")

    drain()

    assert [one.address for one in scripted.sent] == ["a"]


def test_a_refusal_of_ours_tells_nothing_of_the_way_out(acme: Tenant) -> None:
    put(acme, *"abcdef")
    finish(take(5), Temporary("network"))
    assert lane(acme).breaker == "open"
    suppression.suppress("scripted", [*"abcdef"], tenant_id=acme.pk, now=db_now())
    let_time_come()

    drain()

    assert lane(acme).breaker != "closed", "a suppressed address is no sign of life"


def test_silence_is_a_bad_sign_also_where_it_ends_the_message(acme: Tenant) -> None:
    put(acme, *"abcde")

    finish(take(5), Permanent("timeout", "No answer: it may have been sent."))

    assert (lane(acme).breaker, states()) == ("open", {"failed": 5})


def test_nor_does_what_was_set_up_wrongly(acme: Tenant) -> None:
    put(acme, *"abcdef")
    finish(take(5), Temporary("network"))
    let_time_come()

    finish(take(), Permanent("config", "No such sender."))

    assert lane(acme).breaker == "probing"


def test_the_list_keeps_no_address(acme: Tenant) -> None:
    suppression.suppress("email", ["zoe@x.example"], tenant_id=acme.pk, reason="complaint", now=db_now())

    [row] = Suppression.objects.filter(tenant=acme).values()

    assert "zoe" not in str(row)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("Ann@X.example ", "ann@x.EXAMPLE", True), ("https://p.example/Ab", "https://p.example/aB", False)],
)
def test_case_matters_in_urls_alone(acme: Tenant, one: str, other: str, same: bool) -> None:
    suppression.suppress("k", [one], tenant_id=acme.pk, now=db_now())

    assert suppression.suppressed_among("k", [other], tenant_id=acme.pk) == ({other} if same else set())


def test_only_what_concerns_people_and_was_decided_long_ago_is_asked_about(
    acme: Tenant, alice: Recipient, bob: Recipient, gate: Gate
) -> None:
    put(acme, "team")
    put(acme, **to(alice))
    long_ago()
    put(acme, **to(bob))

    drain()

    assert gate.asked == [[alice.pk]]
    assert states() == {"delivered": 3}


def test_what_is_not_wanted_any_more_ends_with_the_reason(
    acme: Tenant, alice: Recipient, bob: Recipient, gate: Gate, scripted: Scripted
) -> None:
    [hers, _] = put(acme, **to(alice, bob))
    long_ago()
    gate.says[alice.pk] = Drop("off_by_workflow", "switched off on Monday")

    drain()

    hers.refresh_from_db()
    assert (hers.state, hers.code) == ("cancelled", "off_by_workflow")
    assert Attempt.objects.get(delivery_id=hers.pk).detail == "switched off on Monday"
    assert [one.recipient_id for one in scripted.sent] == [bob.pk]


def test_what_is_held_waits_and_spends_no_attempt(
    acme: Tenant, alice: Recipient, gate: Gate, scripted: Scripted
) -> None:
    [hers] = put(acme, **to(alice))
    long_ago()
    morning = later(8 * 3600)
    gate.says[alice.pk] = Hold(morning)
    for _ in range(5):  # more often than it has tries
        drain()
        hers.refresh_from_db()
        assert (hers.state, hers.wait_reason, hers.due_at, hers.attempt) == ("pending", "held", morning, 0)
        assert attempts(hers) == []
        let_time_come()
    gate.says.clear()

    drain()

    assert (states(), attempts(hers), lane(acme).in_flight) == ({"delivered": 1}, ["delivered"], 0)


@pytest.mark.parametrize("raised", [RuntimeError("the preferences cannot be read"), OperationalError("lock timeout")])
def test_a_gate_that_raises_has_not_said_yes(
    acme: Tenant, alice: Recipient, gate: Gate, scripted: Scripted, raised: Exception
) -> None:
    [hers, _] = put(acme, to=[Address(str(alice.external_id), alice.pk), Address("team")])
    long_ago()
    gate.says[alice.pk] = raised

    drain()

    hers.refresh_from_db()
    assert ([one.address for one in scripted.sent], hers.state, hers.attempt) == (["team"], "pending", 0)
    assert timedelta(0) < hers.due_at - db_now() < timedelta(minutes=1)
    assert hers.lost == 0


def test_what_the_database_says_nothing_of_waits_and_loses_no_lease(acme: Tenant, scripted: Scripted) -> None:
    [one] = put(acme, "a")

    def refuse(execute: Any, sql: str, *rest: Any) -> Any:
        if Suppression._meta.db_table in sql:
            raise OperationalError("canceling statement due to lock timeout")
        return execute(sql, *rest)

    with connection.execute_wrapper(refuse):
        drain()

    one.refresh_from_db()
    assert (scripted.sent, one.state, one.attempt, one.lost) == ([], "pending", 0, 0)
    let_time_come()
    drain()
    assert states() == {"delivered": 1}


def test_an_answer_that_is_none_is_not_a_yes(acme: Tenant, alice: Recipient, gate: Gate, scripted: Scripted) -> None:
    put(acme, **to(alice))
    long_ago()
    gate.says[alice.pk] = "no"

    drain()

    assert (scripted.sent, states()) == ([], {"pending": 1})


def test_held_until_after_its_time_it_expires(acme: Tenant, alice: Recipient, gate: Gate) -> None:
    put(acme, **to(alice), expires_at=later(3600))
    long_ago()
    gate.says[alice.pk] = Hold(later(7200))
    drain()

    assert expire(now=later(3601)) == 1
    assert states() == {"expired": 1}


def test_a_cancel_while_the_gate_is_asked_ends_what_it_would_hold(acme: Tenant, alice: Recipient) -> None:
    [hers] = put(acme, **to(alice))
    parcels = take()
    outbox.cancel_one(hers, now=db_now())

    finish(parcels, Hold(later(60)))

    assert states() == {"cancelled": 1}


@pytest.mark.parametrize("path", ["nowhere.gate", "channels_delivery.gate.FRESH", "channels_delivery.gate.nothing"])
def test_a_gate_that_is_none_is_told_at_the_start(settings: Any, path: str) -> None:
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": {"GATE": path}}

    assert [one.id for one in check_gate()] == ["notifyhub.E024"]
