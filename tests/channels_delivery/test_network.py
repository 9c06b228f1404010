"""The thread that owns the network answers for every parcel that it was given."""

import asyncio
import queue
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connection, transaction

from channels_delivery import outbox
from channels_delivery.backend import Outlet
from channels_delivery.courier import drain
from channels_delivery.network import LoopThread
from channels_delivery.outcome import Delivered, GivenBack, Outcome, Permanent
from channels_delivery.parcel import Parcel
from channels_delivery.settle import Result
from channels_delivery.testing import Scripted
from notifications.kernel.clock import db_now
from notifications.models import Tenant
from tests.site.processes import wait_until

from .moves import fresh_id, put, states, take

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


class Busy(Scripted):
    """Keeps the loop busy until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.kind = "busy"
        self.go_on = threading.Event()

    async def send(self, parcel: Parcel, outlet: Outlet, *, deadline: float) -> Outcome:
        self.go_on.wait(20)
        return Delivered()


BUSY = Busy()


class Slow(Scripted):
    """Holds on to what it sends, without keeping the loop, until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self._go_on = asyncio.Event()

    async def send(self, parcel: Parcel, outlet: Outlet, *, deadline: float) -> Outcome:
        await self._go_on.wait()
        return Delivered()

    def release(self, loop: LoopThread) -> None:
        loop.later(0, self._go_on.set)


def test_what_is_broken_off_before_it_began_is_given_back(acme: Tenant) -> None:
    put(acme, "a", "b")
    first, second = take()
    busy, idle, outlet = Busy(), Scripted(), Outlet(None, {}, {})
    answers = queue.SimpleQueue[Result]()
    loop = LoopThread()

    loop.send([(first, busy, outlet)], answers.put, at_once=8)
    loop.send([(second, idle, outlet)], answers.put, at_once=8)
    loop.give_back([second.id])
    busy.go_on.set()

    got: Sequence[Result] = [answers.get(timeout=20), answers.get(timeout=20)]
    assert {one.parcel.address: one.outcome for one in got} == {"a": Delivered(), "b": GivenBack(begun=False)}
    assert idle.sent == []


class Paid(Slow):
    """What it sends twice is paid for twice. Of an address `late`, its time is over at once."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Event()

    def may_repeat(self, outlet: Outlet) -> bool:
        return False

    async def send(self, parcel: Parcel, outlet: Outlet, *, deadline: float) -> Outcome:
        if parcel.address == "late":
            raise TimeoutError
        self.begun.set()
        return await super().send(parcel, outlet, deadline=deadline)


def test_what_may_not_be_repeated_and_had_no_answer_is_told_apart(acme: Tenant) -> None:
    put(acme, "late", "begun", "waits")
    parcels, backend, outlet = take(), Paid(), Outlet(None, {}, {})
    answers = queue.SimpleQueue[Result]()
    loop = LoopThread()

    loop.send([(parcel, backend, outlet) for parcel in parcels], answers.put, at_once=2)
    assert backend.begun.wait(20)
    loop.give_back([parcel.id for parcel in parcels])
    got = [answers.get(timeout=20) for _ in parcels]

    outcomes = {one.parcel.address: one.outcome for one in got}
    assert outcomes.pop("late") == Permanent("timeout", "No answer within 30 s, and it may have been sent.")
    assert outcomes == {"begun": GivenBack(again=False), "waits": GivenBack(begun=False)}


def test_a_tenant_has_no_more_under_way_than_is_left_free_and_who_waits_too_long_is_given_back(acme: Tenant) -> None:
    put(acme, "a", "b", "c")
    parcels, slow, outlet = take(), Slow(), Outlet(None, {}, {})
    answers = queue.SimpleQueue[Result]()
    loop = LoopThread()

    loop.send([(parcel, slow, outlet) for parcel in parcels], answers.put, at_once=4)
    left_over = answers.get(timeout=20)
    slow.release(loop)
    others = [answers.get(timeout=20), answers.get(timeout=20)]

    assert (left_over.parcel.address, left_over.outcome) == ("c", GivenBack(begun=False))
    assert {one.parcel.address: one.outcome for one in others} == {"a": Delivered(), "b": Delivered()}


def test_the_next_starts_when_one_ends(acme: Tenant) -> None:
    put(acme, *"abcd")
    parcels, outlet = take(), Outlet(None, {}, {})
    answers = queue.SimpleQueue[Result]()

    LoopThread().send([(parcel, Scripted(), outlet) for parcel in parcels], answers.put, at_once=1)

    assert [answers.get(timeout=20).parcel.address for _ in parcels] == list("abcd")


@pytest.mark.postgres
def test_a_result_whose_row_is_held_is_tried_again_now_and_then(acme: Tenant, settings: Any) -> None:
    section = {"BACKENDS": ["tests.channels_delivery.test_network.BUSY"]}
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": section}
    origin, said = fresh_id(), list[str]()
    put(acme, kind="busy", origin=origin)

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        said.append(sql)
        return execute(sql, *rest)

    def work() -> None:
        with connection.execute_wrapper(note):
            drain()
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert wait_until(lambda: states() == {"sending": 1}, seconds=20)
    with transaction.atomic(), connection.cursor() as cursor:
        outbox.cancel(origin=origin, now=db_now())
        BUSY.go_on.set()
        assert wait_until(lambda: any("d.lease_token = t.token" in sql for sql in said), seconds=20)
        said.clear()
        cursor.execute("SELECT pg_sleep(0.4)")
        assert len(said) < 200, "it asks as fast as it can"
    thread.join(timeout=20)

    assert not thread.is_alive()
    assert states() == {"delivered": 1}
