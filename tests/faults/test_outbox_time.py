"""Two of everything that looks at the clock, cancels among workers at work, and workers replaced under load."""

import os
import signal
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from notifications.kernel import ticker

from .outbox_rig import Rig, let_leases_end, rows, states
from .rig import SOAK, OwnRedis, chance, children, rounds, wait_for
from .sink import Reply, first_and_then

pytestmark = [pytest.mark.postgres, pytest.mark.faults]


def test_many_tickers_and_couriers_send_everything_once(rig: Rig) -> None:
    many = rounds(few=300, soak=3_000)
    tickers = [ticker.Ticker() for _ in range(2)]
    with rig.hands(3):
        for one in tickers:
            one.start()
        rig.load(many, tenants=rig.tenants(4))
        rig.wait_until_settled()
        for one in tickers:
            one.stop()

    found = rig.reckon()
    assert (found.states, found.requests, found.lost) == ({"delivered": many}, many, 0)


def test_after_an_acknowledged_cancel_no_receiver_is_asked_again(rig: Rig) -> None:
    """What is said to be cancelled was never begun; what is said to be too late was, and is not tried again."""
    counts = []
    with chance("cancelled") as moments, rig.hands(2):
        rig.sink.rule = lambda _: Reply(500, after=moments.uniform(0, 0.02))
        for number in range(rounds(few=25, soak=200)):
            tenant = rig.tenant(f"t{number}")
            origin = rig.post(tenant, *(f"/{number}/{n}" for n in range(12)))
            time.sleep(moments.uniform(0, 0.05))  # not a wait: the moment of the cancel
            counts.append(rig.cancel(origin))
        rig.wait_until_settled()

    assert all(cancelled + late == 12 for cancelled, late in counts)
    assert any(late for _, late in counts)
    assert rig.reckon().states == {"cancelled": 12 * len(counts)}


@pytest.mark.redis
def test_children_of_a_worker_killed_amid_sending_are_replaced(rig: Rig, broker: OwnRedis, tmp_path: Path) -> None:
    """In a soak with the leases of production: their work is under way again within a minute."""
    rig.sink.rule = first_and_then(Reply(hangs=True))
    with rig.celery(broker.url, tmp_path / "log") as worker:
        rig.load(8, tenants=rig.tenants(2))
        wait_for(lambda: len(rig.sink.seen) == 8)
        for child in children(worker.pid):
            os.kill(child, signal.SIGKILL)
        rig.books.kills += 1
        rig.books.hits += states() == {"sending": 8}
        if not SOAK:
            let_leases_end()
        rig.wait_until_settled(seconds=60)

    found = rig.reckon()
    assert (found.states, found.lost, found.requests) == ({"delivered": 8}, 8, 16)


@pytest.mark.redis
def test_workers_replaced_under_load_lose_nothing(rig: Rig, broker: OwnRedis, tmp_path: Path) -> None:
    """Whoever is told to stop finishes what it has under way, or gives it back."""
    many, times = rounds(few=200, soak=1_000), rounds(few=1, soak=4)
    tenants = rig.tenants(4)
    with chance("deploy") as moments, ExitStack() as crew:
        rig.sink.rule = lambda _: Reply(after=moments.uniform(0.02, 0.5))
        old = crew.enter_context(rig.celery(broker.url, tmp_path / "log"))
        for number in range(times):
            new = crew.enter_context(rig.celery(broker.url, tmp_path / f"log{number}"))
            rig.load(many, tenants=tenants)
            wait_for(lambda: rows().filter(state="sending").count() >= 90)
            old.send_signal(signal.SIGTERM)
            wait_for(lambda old=old: old.poll() is not None, seconds=40)
            old = new
        rig.wait_until_settled()

    found = rig.reckon()
    assert (found.states, found.lost) == ({"delivered": times * many}, 0)
