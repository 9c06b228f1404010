"""One trigger to a hundred thousand inboxes by a stock worker, beside COPY and beside `notify.send`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks import database, notice, product
from benchmarks.goals import Line
from benchmarks.harness import Slice, Spread, alternate, progress
from benchmarks.peers.client import Peer
from benchmarks.reference import Reference
from benchmarks.report import RESULTS, Report
from benchmarks.worker import MIB, Worker, rested

if TYPE_CHECKING:
    from notifications.models import Tenant

LOG = RESULTS.parent / "var" / "fanout-worker.log"


@dataclass(frozen=True, slots=True)
class Size:
    """`few` people are the other tenant, which shows whether memory grows with the number."""

    people: int
    few: int
    items_each: int
    peer_people: int
    rounds: int
    memory_rounds: int


FULL = Size(people=100_000, few=10_000, items_each=10, peer_people=2_000, rounds=15, memory_rounds=3)
QUICK = Size(people=5_000, few=1_000, items_each=4, peer_people=300, rounds=3, memory_rounds=1)


def measure(*, quick: bool) -> Report:
    size = QUICK if quick else FULL
    items = size.people * size.items_each
    many = product.site_with_history(slug="many", people=size.people, each=size.items_each)
    few = product.tenant_with_history(slug="few", people=size.few, each=size.items_each)
    with database.connect(database.url()) as plain, Peer(people=size.people, items=items) as peer:
        reference = Reference(plain)
        reference.preload(people=size.people, items=items)
        product.settle()
        database.settle(plain, "bench_inbox", "bench_person")
        worker = Worker(log=LOG)
        sides = {
            "fan-out": rested(worker, lambda: fan_out(many, size.people)),
            "COPY": lambda: reference.copy(rows=size.people),
            "notify.send": peer.send(kind="queryset", count=size.peer_people),
            "notify.send in one transaction": peer.send(kind="queryset", count=size.peer_people, atomic=True),
        }
        with worker:
            done = alternate(sides, rounds=size.rounds)
            counts = counted(many, size, worker, peer)
        memory = watched(many, few, size)
        counts |= statements_of_drains(few, many, size)
    lines = []
    copied = [("copy", "COPY into the reference table", "COPY", 0.5)]
    sent = [("notify_send", f"`notify.send(recipient=queryset)` of {size.peer_people:,}", "notify.send", 30.0)]
    for key, against, side, goal in copied + sent:
        detail = f"{done.rate('fan-out').median:,.0f} rows/s against {done.rate(side).median:,.0f}"
        ratio, control = done.rate_ratio("fan-out", side), done.control("fan-out")
        lines.append(Line(f"fanout.{key}", work(size), against, "at least", goal, ratio, control, detail=detail))
    side = "notify.send in one transaction"
    detail = f"{done.rate(side).median:,.0f} rows/s"
    ratio, control = done.rate_ratio("fan-out", side), done.control(side)
    against = "the same `notify.send`, in one transaction"
    lines.append(
        Line("fanout.notify_send_atomic", work(size), against, "for the record", 0, ratio, control, detail=detail)
    )
    return Report(
        "fanout", [*lines, *memory, tasks_line(size, counts)], counts=counts, rounds={"fan-out": done.as_json()}
    )


def work(size: Size) -> str:
    return f"one trigger → {size.people:,} inboxes, from commit to the last one"


def fan_out(tenant: Tenant, people: int) -> Slice:
    """From the commit of the trigger until its run row says that everyone was reached."""
    with committed_at() as moments:
        notice.trigger_everyone(tenant)
    run = product.last_run()
    seconds = product.wait_for_runs(run, run) - moments[0]
    found = product.items_of(run)
    assert found == people, f"{found} items for {people} people"
    return Slice(people, seconds)


@contextmanager
def committed_at() -> Iterator[list[float]]:
    """A transaction and the moment of its commit, before anything that was asked to happen after it."""
    from django.db import transaction

    moments: list[float] = []
    with transaction.atomic():
        transaction.on_commit(lambda: moments.append(time.perf_counter()))
        yield moments


def counted(tenant: Tenant, size: Size, worker: Worker, peer: Peer) -> dict[str, object]:
    """Tasks, commits and connections of one fan-out; statements of one `notify.send`."""
    tasks = []
    for _ in range(3):
        before = worker.tasks()
        fan_out(tenant, size.people)
        time.sleep(1)  # a last ring may still be on its way
        tasks.append(worker.tasks() - before)
    with database.connect(database.url()) as plain, database.Counter(plain) as counter:
        fan_out(tenant, size.people)
    return {
        "Celery tasks of a trigger": tasks,
        "transactions of a trigger (every read in autocommit is one; so are our looks at the run row)": counter.commits,
        "connections to the database (worker, this process and its reference)": counter.connections,
        f"statements of `notify.send` to {size.peer_people:,}": peer.statements(
            kind="queryset", count=size.peer_people
        ),
        "peer": f"django-notifications-hq 1.8.3, Django {peer.versions['django']}, Python {peer.versions['python']}",
    }


def tasks_line(size: Size, counts: dict[str, object]) -> Line:
    tasks = Spread.of([float(count) for count in counts["Celery tasks of a trigger"]])  # type: ignore[attr-defined]
    goal = size.people / 500 + 3
    return Line(
        "fanout.tasks",
        f"Celery tasks of a trigger to {size.people:,}",
        "N/500 + 3",
        "at most",
        goal,
        tasks,
        unit="tasks",
    )


def watched(many: Tenant, few: Tenant, size: Size) -> list[Line]:
    """Memory of all processes of a worker above what they had before their first fan-out: fresh ones for each."""
    grown: dict[int, list[float]] = {size.few: [], size.people: []}
    idle = []
    for number in range(size.memory_rounds):
        for tenant, people in ((few, size.few), (many, size.people)):
            with Worker(log=LOG) as worker, worker.watched() as peak:
                fan_out(tenant, people)
            grown[people].append(peak.over_idle)
            idle.append(peak.before / MIB)
            progress(f"  memory {number + 1}/{size.memory_rounds}: {people:,} people +{peak.over_idle:.1f} MiB")
    at_few, at_most = Spread.of(grown[size.few]), Spread.of(grown[size.people])
    growth = Spread.of([b - a for a, b in zip(grown[size.few], grown[size.people], strict=True)])
    detail = f"idle {Spread.of(idle).median:.0f} MiB (PSS of parent and children)"
    flat = f"{at_few.median:.1f} MiB at {size.few:,}"
    return [
        Line("fanout.memory", f"memory of a fan-out to {size.people:,}, its highest", "the idle worker", "at most", 32,
             at_most, unit="MiB", detail=detail),
        Line("fanout.memory_flat", f"the same, {size.people:,} people", f"{size.few:,} people", "at most", 4,
             growth, unit="MiB more", detail=flat),
    ]  # fmt: skip


def statements_of_drains(few: Tenant, many: Tenant, size: Size) -> dict[str, object]:
    """What the engine says to the database for one trigger, worked off in this process."""
    found: dict[str, object] = {}
    for tenant, people in ((few, size.few), (many, size.people)):
        notice.trigger_everyone(tenant)
        run = product.last_run()
        with product.statements() as seen:
            notice.work_off(run)
        found[f"statements of a fan-out to {people:,}"] = len(seen)
    return found
