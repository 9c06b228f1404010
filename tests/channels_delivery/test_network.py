"""The thread that owns the network answers for every parcel that it was given."""

import queue
import threading
from collections.abc import Sequence

import pytest

from channels_delivery.backend import Outlet
from channels_delivery.claim import Parcel
from channels_delivery.network import LoopThread
from channels_delivery.outcome import Delivered, GivenBack, Outcome
from channels_delivery.settle import Result
from channels_delivery.testing import Scripted
from notifications.models import Tenant

from .moves import put, take

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("scripted")]


class Busy(Scripted):
    """Keeps the loop busy until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()

    async def send(self, parcel: Parcel, outlet: Outlet, *, deadline: float) -> Outcome:
        self.go_on.wait(20)
        return Delivered()


def test_what_is_broken_off_before_it_began_is_given_back(acme: Tenant) -> None:
    put(acme, "a", "b")
    first, second = take()
    busy, idle, outlet = Busy(), Scripted(), Outlet(None, {}, {})
    answers = queue.SimpleQueue[Result]()
    loop = LoopThread()

    loop.send([(first, busy, outlet)], answers.put)
    loop.send([(second, idle, outlet)], answers.put)
    loop.give_back([second.id])
    busy.go_on.set()

    got: Sequence[Result] = [answers.get(timeout=20), answers.get(timeout=20)]
    assert {one.parcel.address: one.outcome for one in got} == {"a": Delivered(), "b": GivenBack()}
    assert idle.sent == []
