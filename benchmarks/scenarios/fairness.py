"""What other tenants feel of one that hangs, one that floods and one whose letters kill workers: their p99, in calm and
in the storm, in turn. By a stock delivery worker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from statistics import quantiles
from uuid import UUID, uuid4

from benchmarks import exits, outgoing, product
from benchmarks.goals import Line
from benchmarks.harness import Side, Slice, alternate
from benchmarks.outgoing import Endpoint
from benchmarks.report import RESULTS, Report
from benchmarks.sinks.client import HttpSink
from benchmarks.worker import DELIVERY, Worker

LOG = RESULTS.parent / "var" / "fairness-worker.log"
TICK, A_TICK = 0.05, 10
"""Every so many seconds so many of the other tenants' webhooks are enqueued, in one transaction: 200 a second."""

LATEST = 5.0
"""Seconds after the last one in which the others' webhooks have to end; those that do not count as `NEVER`."""

NEVER = 60.0


@dataclass(frozen=True, slots=True)
class Size:
    seconds: float
    flood: int
    hanging: int
    poison: int
    rounds: int


FULL = Size(seconds=10, flood=20_000, hanging=500, poison=1, rounds=15)
QUICK = Size(seconds=1.5, flood=1_500, hanging=50, poison=1, rounds=2)


@dataclass
class Crowd:
    """The well-behaved, and the three others."""

    well: list[Endpoint]
    flooded: list[Endpoint]
    hangs: list[Endpoint]
    poisons: int
    numbers: Iterator[int]


def measure(*, quick: bool) -> Report:
    size = QUICK if quick else FULL
    product.fresh_site()
    exits.certificate()
    with HttpSink(exits.HTTP, exits.HOSTS) as sink, Worker(log=LOG, queues=DELIVERY) as worker:
        crowd = gathered(sink)
        outgoing.settle()
        seen: dict[str, list[float]] = {"calm": [], "storm": []}
        left: list[int] = []
        sides = {
            "calm": p99(crowd, size, seen["calm"]),
            "storm": in_storm(crowd, size, sink, left, p99(crowd, size, seen["storm"])),
        }
        before = set(worker.processes())
        done = alternate(sides, rounds=size.rounds)
        killed = len(before - set(worker.processes()))
    each = done.each("storm").median * 1e3, done.each("calm").median * 1e3
    work = "p99 from enqueue to on record, while one tenant hangs, one floods and one kills workers"
    line = Line(
        "fairness.p99",
        work,
        "the same in calm",
        "at most",
        2,
        done.time_ratio("storm", "calm"),
        done.control("calm"),
        detail=f"{each[0]:.0f} ms against {each[1]:.0f}",
    )
    counts = {
        **{f"webhooks of the others measured in {name}": len(found) for name, found in seen.items()},
        **{f"of them without an end within {LATEST:.0f} s, {name}": found.count(NEVER) for name, found in seen.items()},
        "what the flood had left at the end of each storm": left,
        "processes of the first worker that were killed": killed,
        "on record at the end": outgoing.on_record(),
    }
    return Report("fairness", [line], counts=counts, rounds={"p99": done.as_json()})


def gathered(sink: HttpSink) -> Crowd:
    well = outgoing.endpoints(sink.origins, tenants=10, path="/fast", slug="well")
    flooded = outgoing.endpoints(sink.origins[:10], tenants=1, path="/fast", slug="flood")
    hangs = outgoing.endpoints(sink.origins[:1], tenants=1, path="/hang", slug="hang")
    return Crowd(well, flooded, hangs, product.add_tenant("poison").pk, count())


def p99(crowd: Crowd, size: Size, seen: list[float]) -> Side:
    """A side whose seconds are the 99th percentile of the well-behaved tenants' times."""

    def side() -> Slice:
        origin = uuid4()
        end = time.perf_counter() + size.seconds
        sent = 0
        while (now := time.perf_counter()) < end:
            some = [crowd.well[next(crowd.numbers) % len(crowd.well)] for _ in range(A_TICK)]
            outgoing.enqueue(some, len(some), origin=origin, origin_step=str(sent))
            sent += len(some)
            time.sleep(max(now + TICK - time.perf_counter(), 0))
        found = times(origin, sent)
        seen.extend(found)
        return Slice(1, quantiles(found, n=100)[98])

    return side


def times(origin: UUID, sent: int) -> list[float]:
    """Seconds from enqueue until it was on record that it had arrived."""
    query = (
        "SELECT extract(epoch FROM finished_at - created_at)::float8 FROM {delivery}"
        " WHERE origin = %s AND state = 'delivered'"
    )
    give_up = time.perf_counter() + LATEST
    while len(found := product.execute(query, [origin])) < sent and time.perf_counter() < give_up:
        time.sleep(0.1)
    return [seconds for (seconds,) in found] + [NEVER] * (sent - len(found))


def in_storm(crowd: Crowd, size: Size, sink: HttpSink, left: list[int], side: Side) -> Side:
    """The same side while the storm lasts, which begins before the clock starts."""

    def during() -> Slice:
        with storm(crowd, size, sink, left):
            return side()

    return during


@contextmanager
def storm(crowd: Crowd, size: Size, sink: HttpSink, left: list[int]) -> Iterator[None]:
    from channels_delivery import outbox
    from notifications.kernel.clock import db_now

    origin, posts = uuid4(), sink.posts()
    with ExitStack() as after:
        after.callback(rested)
        after.callback(sink.release)
        after.callback(lambda: outbox.cancel(origin=origin, now=db_now()))
        outgoing.enqueue(crowd.hangs, size.hanging, origin=origin, origin_step="hang")
        outgoing.enqueue(crowd.flooded, size.flood, origin=origin, origin_step="flood")
        outgoing.enqueue_poison(crowd.poisons, size.poison, origin=origin)
        wait_until(lambda: sink.posts() > posts)
        yield
        query = "SELECT count(*) FROM {delivery} WHERE origin = %s AND state = 'pending'"
        left.append(int(product.execute(query, [origin])[0][0]))


def rested() -> None:
    """Wait until nothing is under way but what died with its worker, whose leases are left to end by themselves."""
    from channels_delivery.models import Delivery

    sending = Delivery.objects.across_tenants().filter(state="sending")
    seen, same = -1, 0
    while (now := sending.count()) and same < 20:
        same = same + 1 if now == seen else 0
        seen = now
        time.sleep(0.1)


def wait_until(state: Callable[[], bool]) -> None:
    give_up = time.perf_counter() + 60
    while not state():
        if time.perf_counter() > give_up:
            raise SystemExit("the worker sends nothing")
        time.sleep(0.05)
