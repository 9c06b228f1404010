"""From before COMMIT to the frame on the other side, with a worker and a web process between; beside the time that
Celery alone takes to start a task. In calm, and while another tenant's fan-out goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import quantiles
from typing import TYPE_CHECKING

from benchmarks import notice, online, product
from benchmarks.goals import Line, Sense
from benchmarks.harness import Rounds, Slice, progress
from benchmarks.online import FOLDER, ITEM
from benchmarks.report import Report
from benchmarks.sinks.client import Audience
from benchmarks.worker import Worker

if TYPE_CHECKING:
    from notifications.models import Tenant

APART = 0.1
"""Seconds between two triggers; halfway between them Celery gets its task."""

CALM, STORM = "calm", "fan-out"
RECORD: Sense = "for the record"


@dataclass(frozen=True, slots=True)
class Size:
    """Of each round: so many triggers of one person each, in calm and again beside a fan-out to `crowd` people."""

    triggers: int
    crowd: int
    rounds: int


FULL = Size(triggers=200, crowd=100_000, rounds=5)
QUICK = Size(triggers=20, crowd=5_000, rounds=2)


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of each trigger, and of each task of Celery alone."""

    triggers: Sequence[float]
    celery: Sequence[float]


def measure(*, quick: bool) -> Report:
    size = QUICK if quick else FULL
    tenant = product.site_with_history(slug="bench", people=size.triggers, each=10)
    crowd = product.tenant_with_history(slug="crowd", people=size.crowd, each=1)
    product.settle()
    rounds: list[dict[str, Slice]] = []
    fan_outs: list[int] = []
    with (
        Worker(log=FOLDER / "live-worker.log") as worker,
        Worker(log=FOLDER / "live-celery.log", queues=["bench-bare"], app="benchmarks.peers.bare_celery") as bare,
        online.ours(tenant) as ours,
    ):
        spaced(tenant, ours.audience, size)  # warms up
        for number in range(size.rounds):
            seen: dict[str, Slice] = {}
            for weather in (CALM, STORM):
                with ExitStack() as stack:
                    if weather == STORM:
                        stack.enter_context(fan_outs_to(crowd, fan_outs))
                    times = spaced(tenant, ours.audience, size)
                worker.rest()
                bare.rest()
                seen |= percentiles(weather, times)
            rounds.append(seen)
            told = ", ".join(f"{name} {one.seconds * 1e3:.1f} ms" for name, one in seen.items())
            progress(f"  round {number + 1}/{size.rounds}: {told}")
    counts = {"fan-outs that ended meanwhile, in each round": fan_outs}
    done = Rounds(rounds)
    return Report("live_latency", compared(done, size), counts=counts, rounds={"latency": done.as_json()})


def compared(done: Rounds, size: Size) -> list[Line]:
    calm = f"before COMMIT → parsed frame, {size.triggers} triggers {APART * 1e3:.0f} ms apart"
    storm = f"the same during another tenant's fan-outs to {size.crowd:,}"
    celery = "Celery alone, `delay()` → start of the task"
    told: list[tuple[str, str, str, Sense, float, str, str]] = [
        ("p50", f"{calm}: p50", f"{celery}: p50", "at most", 5, f"{CALM}, p50", f"{CALM}, Celery p50"),
        ("p99", f"{calm}: p99", f"{celery}: p99", "at most", 10, f"{CALM}, p99", f"{CALM}, Celery p99"),
        ("fan_out", f"{storm}: p99", "p99 in calm", "at most", 2, f"{STORM}, p99", f"{CALM}, p99"),
        ("celery", f"{storm}: p99", f"{celery}, meanwhile: p99", RECORD, 0, f"{STORM}, p99", f"{STORM}, Celery p99"),
    ]
    return [
        Line(
            f"live_latency.{key}",
            work,
            against,
            sense,
            goal,
            done.time_ratio(ours, other),
            done.control(ours),
            detail=f"{done.each(ours).median * 1e3:.1f} ms against {done.each(other).median * 1e3:.1f}",
        )
        for key, work, against, sense, goal, ours, other in told
    ]


def percentiles(weather: str, times: Times) -> dict[str, Slice]:
    found: dict[str, Slice] = {}
    for name, seconds in (("", times.triggers), ("Celery ", times.celery)):
        cuts = quantiles(seconds, n=100, method="inclusive")
        found |= {f"{weather}, {name}p50": Slice(1, cuts[49]), f"{weather}, {name}p99": Slice(1, cuts[98])}
    return found


def spaced(tenant: Tenant, audience: Audience, size: Size) -> Times:
    """A trigger of each person in turn, and a task of Celery halfway to the next."""
    from benchmarks.peers import bare_celery

    names = product.external_ids_of(tenant)
    audience.expect(ITEM, size.triggers, note=True)
    began, delayed = [], []
    due = time.perf_counter()
    for number, name in enumerate(names):
        began.append(trigger(tenant, name))
        wait_until(due + APART / 2)
        delayed.append(time.perf_counter())
        bare_celery.start.delay(number)
        due += APART
        wait_until(due)
    seen = audience.ended(patience=10)
    started = bare_celery.started()
    if seen.frames != size.triggers or len(started) != size.triggers:
        raise SystemExit(f"{seen.frames} frames and {len(started)} tasks for {size.triggers} triggers")
    frames = dict(seen.noted)
    return Times(
        [frames[socket] - at for socket, at in enumerate(began)],
        [started[number] - at for number, at in enumerate(delayed)],
    )


def trigger(tenant: Tenant, name: str) -> float:
    """The moment before COMMIT."""
    from django.db import transaction

    with transaction.atomic():
        notice.trigger_one(tenant, name)
        return time.perf_counter()


def wait_until(moment: float) -> None:
    time.sleep(max(moment - time.perf_counter(), 0))


@contextmanager
def fan_outs_to(crowd: Tenant, ended: list[int]) -> Iterator[None]:
    """One after the other while the block runs; the last one is waited for."""
    stop = threading.Event()

    def go_on() -> None:
        from django.db import connection

        count = 0
        while not stop.is_set():
            notice.trigger_everyone(crowd)
            run = product.last_run_of(crowd)
            product.wait_for_runs(run, run, every=0.05)
            count += 1
        ended.append(count)
        connection.close()

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
