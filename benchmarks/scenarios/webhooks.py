"""Signed webhooks by a stock delivery worker (a process for each core), claimed, sent and on record, beside aiohttp
that just posts. By one process alone too, for the record."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta

from benchmarks import exits, outgoing, product
from benchmarks.goals import Line, Sense
from benchmarks.harness import Rounds, Side, Slice, Spread, alternate
from benchmarks.outgoing import Endpoint
from benchmarks.peers.client import Process, with_our_packages
from benchmarks.report import RESULTS, Report
from benchmarks.sinks.client import HttpSink
from benchmarks.worker import DELIVERY, Worker, rested
from notifyhub.collector import calm_collector

from .triggered import wait_until_delivered

FOLDER = RESULTS.parent / "var"
AT_ONCE = 100
"""Requests under way at a time, on both sides; a worker's are dealt out to its processes. The caps of the lanes are
their defaults."""

LEAD = 2.0
"""Seconds from the first enqueue until all of it is due at once, so that enqueueing is not timed."""

SLOW = 0.05
"""Seconds that the slow sink takes."""


@dataclass(frozen=True, slots=True)
class Size:
    fast: int
    slow: int
    tenants: int
    rounds: int


FULL = Size(fast=3_000, slow=2_000, tenants=10, rounds=15)
QUICK = Size(fast=500, slow=300, tenants=10, rounds=2)


def measure(*, quick: bool) -> Report:
    size = QUICK if quick else FULL
    calm_collector()
    product.fresh_site()
    certificate = exits.certificate()
    os.environ["BENCH_AT_ONCE"] = str(AT_ONCE // (os.cpu_count() or 1))
    lines: list[Line] = []
    rounds: dict[str, object] = {}
    counts: dict[str, object] = {
        "endpoints": len(exits.HOSTS),
        "tenants": size.tenants,
        "bytes of a body": outgoing.BYTES,
    }
    with (
        HttpSink(exits.HTTP, exits.HOSTS) as plain,
        HttpSink(exits.HTTPS, exits.HOSTS, certificate=certificate) as tls,
    ):
        for key, sink, path, count in [
            ("process", plain, "/fast", size.fast),
            ("fast", plain, "/fast", size.fast),
            ("tls", tls, "/fast", size.fast),
            ("slow", plain, "/slow", size.slow),
        ]:
            to = outgoing.endpoints(sink.origins, tenants=size.tenants, path=path, slug=key)
            outgoing.settle()
            with with_our_packages("bare_aiohttp") as bare, ExitStack() as stack:
                counts["bare"] = prepare(bare, to)
                if key == "process":
                    ours = by_this_process(to, count, sink)
                else:
                    worker = stack.enter_context(Worker(log=FOLDER / f"webhooks-{key}.log", queues=DELIVERY))
                    ours = rested(worker, sent(to, count, sink))
                done = alternate({"outbox": ours, "aiohttp": bare.slice(count=count)}, rounds=size.rounds)
                counts[f"{key}: the sink's share of a core"] = {
                    "outbox": share(ours, sink),
                    "aiohttp": share(bare.slice(count=count), sink),
                }
            lines += compared(key, done)
            rounds[key] = done.as_json()
    counts["on record at the end"] = outgoing.on_record()
    return Report("webhooks", lines, counts=counts, rounds=rounds)


def prepare(bare: Process, to: Sequence[Endpoint]) -> dict[str, object]:
    import json
    from uuid import uuid4

    from channels_delivery.backends.webhook import signed, signing_key

    body = json.dumps(outgoing.body(1), separators=(",", ":"))
    keys = [signing_key(outgoing.secret(0))]
    headers = signed(body.encode(), message_id=f"msg_{uuid4().hex}", timestamp=int(time.time()), keys=keys)
    urls = [one.address for one in to]
    return bare.ask(do="setup", urls=urls, headers=headers, body=body, at_once=AT_ONCE, ca_file=str(exits.CA_FILE))


def sent(to: Sequence[Endpoint], count: int, sink: HttpSink) -> Side:
    """A side: from the moment when all of it is due, until all of it is delivered and on record."""
    from channels_delivery.waking import BELL, QUEUE
    from notifications.kernel import doorbell
    from notifications.kernel.clock import db_now

    def side() -> Slice:
        with recorded(count, sink):
            [(last,)] = product.execute("SELECT coalesce(max(id), 0) FROM {delivery}", [])
            start, due = time.perf_counter() + LEAD, db_now() + timedelta(seconds=LEAD)
            outgoing.enqueue(to, count, due_at=due)
            assert time.perf_counter() < start, "enqueueing took too long"
            time.sleep(start - time.perf_counter())
            doorbell.ring(BELL, queue=QUEUE)
            end = wait_until_delivered(last, count, every=0.01)
        return Slice(count, end - start)

    return side


def by_this_process(to: Sequence[Endpoint], count: int, sink: HttpSink) -> Side:
    """A side: the courier of this process, while no worker is there, from what is in the outbox already."""
    from channels_delivery.courier import drain

    def side() -> Slice:
        outgoing.enqueue(to, count)
        with recorded(count, sink):
            start = time.perf_counter()
            done = drain(slots=AT_ONCE)
            seconds = time.perf_counter() - start
        assert done == count, f"{done} attempts ended"
        return Slice(count, seconds)

    return side


@contextmanager
def recorded(count: int, sink: HttpSink) -> Iterator[None]:
    """Each is on record as delivered by one attempt, and the sink got each once."""
    before, posts = outgoing.on_record(), sink.posts()
    yield
    after = outgoing.on_record()
    grown = {what: after.get(what, 0) - before.get(what, 0) for what in ("attempts", "delivered")}
    assert grown == {"attempts": count, "delivered": count}, f"on record: {grown}"
    assert sink.posts() - posts == count, "the sink did not get each once"


def share(side: Side, sink: HttpSink) -> float:
    """How busy the sink is while this side works: far from 1, or it is the sink that is measured."""
    before = sink.seconds()
    done = side()
    return (sink.seconds() - before) / done.seconds


WORKS = {
    "process": "the same by a single process",
    "fast": "webhooks of 1 KB from the outbox to a fast receiver",
    "tls": "the same over TLS",
    "slow": f"the same to a receiver that takes {SLOW * 1e3:.0f} ms",
}
GOALS: dict[str, tuple[Sense, float]] = {"fast": ("at least", 0.5), "tls": ("at least", 0.4)}
RECORD: tuple[Sense, float] = ("for the record", 0)


def compared(key: str, done: Rounds) -> list[Line]:
    beside = "bare aiohttp, 100 at a time" + (" over TLS" if key == "tls" else "")
    detail = f"{done.rate('outbox').median:,.0f}/s against {done.rate('aiohttp').median:,.0f}"
    ratio, control = done.rate_ratio("outbox", "aiohttp"), done.control("outbox")
    sense, goal = GOALS.get(key, RECORD)
    name = "slow_bare" if key == "slow" else key
    bare = Line(f"webhooks.{name}", WORKS[key], beside, sense, goal, ratio, control, detail=detail)
    if key != "slow":
        return [bare]
    rate, ideal = done.rate("outbox"), AT_ONCE / SLOW
    of_ideal = Spread(rate.median / ideal, rate.low / ideal, rate.high / ideal, rate.count)
    told = f"{rate.median:,.0f}/s of {ideal:,.0f}"
    concurrency = f"{AT_ONCE} at a time / {SLOW * 1e3:.0f} ms"
    return [Line("webhooks.slow", WORKS[key], concurrency, "at least", 0.8, of_ideal, control, detail=told), bare]
