"""A suspended tenant sends nothing, however far on its way it was; what it has in the outbox waits."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pytest
from django.db import OperationalError, connection

from channels_delivery.courier import drain
from channels_delivery.outbox import Address
from channels_delivery.outcome import Drop, Hold
from channels_delivery.parcel import Parcel
from channels_delivery.suspended import Suspended
from channels_delivery.testing import Scripted
from channels_delivery.way import Way
from notifications.models import Recipient, Tenant

from .moves import deliveries, later, put, states

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


def suspend(tenant: Tenant, *, active: bool = False) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(active=active)


def suspending_gate(parcels: Sequence[Parcel], *, now: datetime) -> Mapping[int, Drop | Hold]:
    """A gate during which somebody suspends the tenant. What it is asked about leaves."""
    Tenant.objects.filter(pk=parcels[0].tenant_id).update(active=False)
    return {}


def test_nothing_of_it_leaves_and_the_others_go_on(acme: Tenant, globex: Tenant, scripted: Scripted) -> None:
    put(acme, "a", "b")
    put(globex, "c")
    suspend(acme)

    drain()

    assert [one.address for one in scripted.sent] == ["c"]
    assert states() == {"pending": 2, "delivered": 1}
    suspend(acme, active=True)
    drain()
    assert states() == {"delivered": 3}


def test_while_it_sends_the_next_one_stays(acme: Tenant, alice: Recipient, scripted: Scripted, settings: Any) -> None:
    section = {**settings.NOTIFYHUB["CHANNELS_DELIVERY"], "GATE": f"{__name__}.suspending_gate"}
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": section}
    put(acme, to=[Address("a", alice.pk), Address("b", alice.pk)], way=Way("out", cap=1))
    deliveries().update(decided_at=later(-61))

    drain(suspended=Suspended(fresh=0))

    assert states() == {"delivered": 1, "pending": 1}


def test_where_that_cannot_be_told_nothing_leaves_and_what_left_is_on_record(acme: Tenant, scripted: Scripted) -> None:
    put(acme, "a", "b", way=Way("out", cap=1))

    def refuse(execute: Any, sql: str, *rest: Any) -> Any:
        if scripted.sent and Tenant._meta.db_table in sql:
            raise OperationalError("canceling statement due to lock timeout")
        return execute(sql, *rest)

    with connection.execute_wrapper(refuse):
        assert drain(suspended=Suspended(fresh=0)) == 1
        with pytest.raises(OperationalError):
            drain(suspended=Suspended(fresh=0))

    assert states() == {"delivered": 1, "pending": 1}


def test_it_is_asked_once_a_second(acme: Tenant, django_assert_num_queries: Any) -> None:
    known = Suspended()
    with django_assert_num_queries(1):
        assert [list(known.tenants()) for _ in range(3)] == [[]] * 3
    suspend(acme)

    known._asked_at -= 1.0

    assert list(known.tenants()) == [acme.pk]
