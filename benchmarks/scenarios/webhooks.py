"""Signed webhooks from the outbox of one process, claimed, sent and on record, beside aiohttp that just posts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks import exits, outgoing, product
from benchmarks.goals import Line
from benchmarks.harness import Rounds, Side, Slice, Spread, alternate
from benchmarks.outgoing import Endpoint
from benchmarks.peers.client import Process, with_our_packages
from benchmarks.report import Report
from benchmarks.sinks.client import HttpSink
from notifyhub.interpreter import calm_collector, take_short_turns

AT_ONCE = 100
"""Requests under way at a time, on both sides; the caps of the lanes are their defaults."""

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
    calm_collector()  # as a worker process has its interpreter
    take_short_turns()
    product.fresh_site()
    certificate = exits.certificate()
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
            ("fast", plain, "/fast", size.fast),
            ("tls", tls, "/fast", size.fast),
            ("slow", plain, "/slow", size.slow),
        ]:
            to = outgoing.endpoints(sink.origins, tenants=size.tenants, path=path, slug=key)
            outgoing.settle()
            with with_our_packages("bare_aiohttp") as bare:
                counts["bare"] = prepare(bare, to)
                ours = sent(to, count, sink)
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
    """A side: what is in the outbox already, until all of it is delivered and on record. Enqueueing is not timed."""
    from channels_delivery.courier import drain

    def side() -> Slice:
        outgoing.enqueue(to, count)
        before, posts = outgoing.on_record(), sink.posts()
        start = time.perf_counter()
        done = drain(slots=AT_ONCE)
        seconds = time.perf_counter() - start
        after = outgoing.on_record()
        grown = {what: after.get(what, 0) - before.get(what, 0) for what in ("attempts", "delivered")}
        assert done >= count, f"{done} attempts ended"  # what had no place in time is given back, and counts too
        assert grown == {"attempts": count, "delivered": count}, f"on record: {grown}"
        assert sink.posts() - posts == count, "the sink did not get each once"
        return Slice(count, seconds)

    return side


def share(side: Side, sink: HttpSink) -> float:
    """How busy the sink is while this side works: far from 1, or it is the sink that is measured."""
    before = sink.seconds()
    done = side()
    return (sink.seconds() - before) / done.seconds


def compared(key: str, done: Rounds) -> list[Line]:
    work = {"fast": "webhooks of 1 KB from the outbox to a fast receiver", "tls": "the same over TLS"}
    beside = "bare aiohttp, 100 at a time" + (" over TLS" if key == "tls" else "")
    detail = f"{done.rate('outbox').median:,.0f}/s against {done.rate('aiohttp').median:,.0f}"
    ratio, control = done.rate_ratio("outbox", "aiohttp"), done.control("outbox")
    if key != "slow":
        goal = {"fast": 0.5, "tls": 0.4}[key]
        return [Line(f"webhooks.{key}", work[key], beside, "at least", goal, ratio, control, detail=detail)]
    slow, ideal = f"the same to a receiver that takes {SLOW * 1e3:.0f} ms", AT_ONCE / SLOW
    rate = done.rate("outbox")
    of_ideal = Spread(rate.median / ideal, rate.low / ideal, rate.high / ideal, rate.count)
    told = f"{rate.median:,.0f}/s of {ideal:,.0f}"
    concurrency = f"{AT_ONCE} at a time / {SLOW * 1e3:.0f} ms"
    return [
        Line("webhooks.slow", slow, concurrency, "at least", 0.8, of_ideal, control, detail=told),
        Line("webhooks.slow_bare", slow, beside, "for the record", 0, ratio, control, detail=detail),
    ]
