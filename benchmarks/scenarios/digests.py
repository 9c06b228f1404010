"""One trigger through a condition into everybody's digest, and what that tells when its windows close: by a stock
worker beside plain inserts of the same rows, and by one engine for a thousand, ten thousand and a hundred thousand."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

from benchmarks import database, product
from benchmarks.goals import Line
from benchmarks.harness import Rounds, Slice, alternate
from benchmarks.inserts import Inserts
from benchmarks.report import RESULTS, Report
from benchmarks.scenarios.fanout import committed_at
from benchmarks.worker import Worker, rested

if TYPE_CHECKING:
    from notifications.models import Tenant

HOURLY, AT_ONCE = "bench.hourly", "bench.at_once"
WINDOW = timedelta(hours=1)
LOG = RESULTS.parent / "var" / "digests-worker.log"


@dataclass(frozen=True, slots=True)
class Size:
    """Tenants of so many people; the first and the last one are compared. `rounds` of the worker, and of one engine."""

    people: tuple[int, ...]
    rounds: int
    rounds_alone: int


FULL = Size((1_000, 10_000, 100_000), rounds=15, rounds_alone=5)
QUICK = Size((500, 1_000, 5_000), rounds=3, rounds_alone=2)


@dataclass
class Hours:
    """The engine's clock: that of the database, put forward by an hour whenever the windows are to be due."""

    ahead: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        from notifications.kernel.clock import db_now

        return db_now() + self.ahead

    def pass_by(self) -> None:
        self.ahead += WINDOW + timedelta(minutes=1)


def measure(*, quick: bool) -> Report:
    size = QUICK if quick else FULL
    product.fresh_site()
    register()
    tenants = {n: product.add_tenant(f"t{n}") for n in size.people}
    for people, tenant in tenants.items():
        product.add_people(tenant, people)
    product.settle()
    most = size.people[-1]
    with database.connect(database.url()) as plain:
        inserts, worker = Inserts(plain, people=most), Worker(log=LOG)
        with worker:
            told = rested(worker, lambda: by_a_worker(tenants[most], most))
            done = alternate({"digests": told, "inserts": lambda: inserts.rows_of(most)}, rounds=size.rounds)
    hours = Hours()
    sides: dict[str, Callable[[], Slice]] = {
        f"{n:,} people": (lambda n=n, tenant=tenant: alone(tenant, n, hours))  # type: ignore[misc]
        for n, tenant in tenants.items()
    }
    grown = alternate(sides, rounds=size.rounds_alone)
    rounds = {"digests": done.as_json(), "growth": grown.as_json()}
    return Report("digests", lines(size, done, grown), counts=counted(tenants, hours), rounds=rounds)


def lines(size: Size, done: Rounds, grown: Rounds) -> list[Line]:
    most = size.people[-1]
    work = f"condition → digest → send of one trigger to {most:,}, from its commit until all are told"
    rates = f"{done.rate('digests').median:,.0f} people/s against {done.rate('inserts').median:,.0f}"
    each = ", ".join(f"{n:,}: {grown.each(f'{n:,} people').median * 1e6:,.0f} µs" for n in size.people)
    against, growing = "plain inserts of the same rows", f"the same by one engine, for each of {most:,} people"
    ratio, control = done.rate_ratio("digests", "inserts"), done.control("digests")
    found = [Line("digests.inserts", work, against, "at least", 0.2, ratio, control, detail=rates)]
    for fewer in size.people[:-1]:
        growth = grown.time_ratio(f"{most:,} people", f"{fewer:,} people")
        control = grown.control(f"{fewer:,} people")
        line = Line("digests.linear", growing, f"for each of {fewer:,}", "at most", 1.25, growth, control, detail=each)
        found.append(line)
    return found


def register() -> None:
    """The same twice, but for how long its windows are open."""
    from workflows import registry
    from workflows.define import Workflow, condition, send_inbox
    from workflows.define import digest as collect

    told = send_inbox(title="{{ digest.count }} sessions were escalated", body="The last: {{ payload.number }}.")
    members = {"==": [{"var": "recipient.role"}, "member"]}
    for key, length in ((HOURLY, WINDOW), (AT_ONCE, timedelta(seconds=1))):
        steps = [condition(members, then=[collect(seconds=length.total_seconds()), told])]
        if not registry.register(Workflow(key=key, name="Sessions", sample={"number": 1}, steps=steps)):
            raise SystemExit(f"the benchmark's workflow was refused: {registry.problems()}")


_numbers = count(1)


def by_a_worker(tenant: Tenant, people: int) -> Slice:
    """From the commit of the trigger until the last digest was told; that of the first person closes after a second."""
    after = product.last_run()
    with committed_at() as moments:
        start_everybody(tenant, AT_ONCE)
    return Slice(people, product.wait_for_digests(after, people) - moments[0])


def alone(tenant: Tenant, people: int, hours: Hours) -> Slice:
    """By one engine in this process: until everybody is collected, and from when the windows are due until everybody
    has been told."""
    before = product.items()
    start_everybody(tenant, HOURLY)
    seconds = work_off(hours)
    hours.pass_by()
    seconds += work_off(hours)
    told = product.items() - before
    assert told == people, f"{told} items for {people} people"
    return Slice(people, seconds)


def start_everybody(tenant: Tenant, key: str) -> None:
    from workflows.trigger import trigger

    trigger(key, tenant=tenant, recipients=[{"everyone": True}], payload={"number": next(_numbers)})


def work_off(hours: Hours) -> float:
    """Everything that is due now."""
    from workflows import engine

    start = time.perf_counter()
    engine.drain(clock=hours, seconds=600)
    return time.perf_counter() - start


def counted(tenants: dict[int, Tenant], hours: Hours) -> dict[str, object]:
    """Statements of the two halves, by one engine."""
    found: dict[str, object] = {}
    for people, tenant in tenants.items():
        start_everybody(tenant, HOURLY)
        with product.statements() as collecting:
            work_off(hours)
        hours.pass_by()
        with product.statements() as closing:
            work_off(hours)
        found[f"statements of one engine that collect from {people:,} people, and that tell them"] = [
            len(collecting),
            len(closing),
        ]
    return found
