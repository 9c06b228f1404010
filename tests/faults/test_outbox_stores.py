"""Redis is flushed, full, restarted or gone; PostgreSQL restarts, hangs up, and finds two who wait for each other."""

import time
import uuid
from collections.abc import Callable
from pathlib import Path as File

import pytest
import redis
from django.db import Error, connection

from channels_delivery import outbox
from channels_delivery.outbox import Way
from notifications.kernel.clock import db_now
from notifications.kernel.doorbell import RINGS

from .cluster import moved_to
from .hands import SHORT
from .outbox_rig import Rig, ended, rows
from .proxy import Fault, Path, Proxy
from .rig import SOAK, OwnRedis, chance, listen_again, rounds, wait_for
from .sink import Reply
from .test_races import Together

pytestmark = [pytest.mark.postgres, pytest.mark.faults]


@pytest.mark.redis
def test_redis_may_be_flushed_full_restarted_or_gone_and_no_beat_is_needed(
    rig: Rig, broker: OwnRedis, tmp_path: File
) -> None:
    """What is enqueued amid each of these goes out all the same, by the ticker of the worker."""
    tenants, many = rig.tenants(4), rounds(few=40, soak=1_000)
    rig.sink.rule = lambda _: Reply(after=0.01)
    server = redis.Redis.from_url(broker.url)
    troubles: list[Callable[[], object]] = [
        server.flushall,
        lambda: server.config_set("maxmemory", 1),
        broker.stop,
        lambda: None,
        broker.start,
    ]
    rig.load(many, tenants=tenants)
    with rig.celery(broker.url, tmp_path / "log"):
        for number, trouble in enumerate(troubles):
            trouble()
            listen_again()
            letters = [rig.letter(one, f"/{number}/{one.slug}/{n}") for one in tenants for n in range(many // 4)]
            rig.enqueue(*letters)
            if number != 2:  # what comes while it is gone is left for when it is still gone
                wait_for(lambda: not rows().filter(finished_at=None).exists())

    found = rig.reckon()
    assert (found.states, found.requests) == ({"delivered": 6 * many}, 6 * many)


@pytest.mark.redis
def test_a_caller_notices_nothing_of_a_broker_that_is_gone(rig: Rig, broker: OwnRedis) -> None:
    tenant = rig.tenant()
    rig.post(tenant, "/warm")
    broker.stop()
    listen_again()

    times = []
    for number in range(rounds(few=20, soak=200)):
        before = time.monotonic()
        rig.post(tenant, f"/{number}")
        times.append(time.monotonic() - before)

    assert rows().count() == len(times) + 1
    assert RINGS["failed"] >= 1
    if SOAK:
        assert max(times) < 0.5
    with rig.hands(1):
        rig.wait_until_settled()
    assert rig.reckon().states == {"delivered": len(times) + 1}


def test_postgresql_restarts_in_the_middle(rig: Rig) -> None:
    """Immediately, as when the power goes: who was enqueueing hears an error, and tries again with the same origin."""
    many, restarts = rounds(few=200, soak=2_000), rounds(few=2, soak=10)
    tenants = rig.tenants(4)
    with chance("restart") as moments, rig.hands(2, lease=SHORT):
        rig.sink.rule = lambda _: Reply(after=moments.uniform(0.05, 0.2))
        rig.load(many, tenants=tenants, cap=2)  # few at a time, so that it lasts until the restart
        for number in range(restarts):
            so_far = ended() + moments.randrange(many // (restarts + 1))
            wait_for(lambda so_far=so_far: ended() >= so_far and rows().filter(state="sending").exists())
            rig.cluster.restart()
            letter = rig.letter(tenants[0], f"/again/{number}")
            again(lambda letter=letter: rig.enqueue(letter))
        again(rig.wait_until_settled)

    assert rig.reckon().states == {"delivered": many + restarts}


def test_connections_of_workers_are_cut_in_the_middle(rig: Rig) -> None:
    many = rounds(few=200, soak=2_000)
    with chance("wire") as moments, Proxy(rig.cluster.port) as wire, rig.hands(2, port=wire.port, lease=SHORT):
        rig.sink.rule = lambda _: Reply(after=moments.uniform(0, 0.05))
        rig.load(many, tenants=rig.tenants(4))
        for _ in range(rounds(few=8, soak=60)):
            time.sleep(moments.uniform(0, 0.1))  # not a wait: the moment of the cut
            wire.cut()
        rig.wait_until_settled()

    assert rig.reckon().states == {"delivered": many}


def test_who_lost_the_reply_enqueues_again_and_it_goes_out_once(rig: Rig) -> None:
    """The connection breaks after any byte of what the database says, the word of the commit included."""
    tenant, lost = rig.tenant(), 0
    with chance("reply") as moments, Proxy(rig.cluster.port) as wire, moved_to(rig.cluster, port=wire.port):
        rig.post(tenant, "/measured")
        connection.close()
        whole = wire.answered
        for number in range(rounds(few=20, soak=300)):
            letter = rig.letter(tenant, f"/{number}", way=Way(f"w{number % 3}"))
            wire.paths = [Path(answered=Fault(after=moments.randrange(whole), then="reset"))]
            try:
                rig.enqueue(letter)
            except Error:
                lost += 1
                connection.close()
                again(lambda letter=letter: rig.enqueue(letter))
            connection.close()
    with rig.hands(2):
        rig.wait_until_settled()

    assert lost
    found = rig.reckon()
    assert found.states.keys() == {"delivered"}
    assert found.again == 0


def test_two_who_enqueue_the_same_in_opposite_order_do_not_wait_for_each_other(rig: Rig) -> None:
    tenant, times = rig.tenant(), rounds(few=10, soak=100)
    paths = [f"/{n}" for n in range(800)]
    origins = [uuid.uuid4() for _ in range(times)]
    for origin in origins:
        rig.enter(rig.letter(tenant, *paths, origin=origin))

    def enqueue(one: int, number: int) -> None:
        order = [paths, paths[::-1], paths[400:] + paths[:400], paths[::2] + paths[1::2]][number]
        letters = [rig.letter(tenant, path, origin=origins[one], way=Way(path, cap=64)) for path in order]
        outbox.enqueue_many(letters, now=db_now())

    Together(4).run(times, enqueue)

    assert rows().count() == times * len(paths)


def again(verb: Callable[[], object]) -> None:
    """As callers do when the database was away."""
    while True:
        try:
            verb()
            return
        except Error:
            connection.close()
            time.sleep(0.05)
