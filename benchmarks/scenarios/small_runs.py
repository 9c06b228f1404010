"""Triggers of one person each, by themselves and a thousand at a time, until all are in the inboxes, beside
`notify.send` one by one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from benchmarks import notice, product
from benchmarks.goals import Line, Sense
from benchmarks.harness import Side, Slice, alternate
from benchmarks.peers.client import Peer
from benchmarks.report import RESULTS, Report
from benchmarks.worker import Worker, rested

if TYPE_CHECKING:
    from notifications.models import Tenant

LOG = RESULTS.parent / "var" / "small-runs-worker.log"


@dataclass(frozen=True, slots=True)
class Size:
    """`triggers`, `singly` and `peer`: of a slice of ours in batches, of ours one by one, and of theirs; each takes
    about a second."""

    triggers: int
    singly: int
    peer: int
    batch: int
    people: int
    items_each: int
    rounds: int


FULL = Size(triggers=10_000, singly=500, peer=2_000, batch=1_000, people=100_000, items_each=10, rounds=15)
QUICK = Size(triggers=300, singly=100, peer=100, batch=100, people=1_000, items_each=4, rounds=2)


def measure(*, quick: bool) -> Report:
    size = QUICK if quick else FULL
    tenant = product.site_with_history(slug="many", people=size.people, each=size.items_each)
    product.settle()
    people = product.external_ids_of(tenant)

    def one_by_one(chosen: list[str]) -> None:
        for person in chosen:
            notice.trigger_one(tenant, person)

    def in_batches(chosen: list[str]) -> None:
        rest = iter(chosen)
        while batch := list(islice(rest, size.batch)):
            notice.trigger_batch(tenant, batch)

    each, many = "trigger() each", f"trigger_many of {size.batch:,}"
    with Peer(people=size.people, items=size.people * size.items_each) as peer, Worker(log=LOG) as worker:
        sides = {
            each: rested(worker, until_in_inboxes(one_by_one, people, size.singly)),
            many: rested(worker, until_in_inboxes(in_batches, people, size.triggers)),
            "notify.send": peer.send(kind="one_by_one", count=size.peer),
            "notify.send in one transaction": peer.send(kind="one_by_one", count=size.peer, atomic=True),
        }
        done = alternate(sides, rounds=size.rounds)
        counts = counted(sides, each, many, tenant, worker)
        peer_statements = peer.statements(kind="one_by_one", count=10)
    counts["statements of 10 `notify.send`"] = peer_statements
    lines = []
    for ours, key, count in ((each, "each", size.singly), (many, "many", size.triggers)):
        for against, goal in (("notify.send", 3.0), ("notify.send in one transaction", 0.0)):
            work = f"{count:,} triggers of one person each, until all are in inboxes: {ours}"
            detail = f"{done.rate(ours).median:,.0f}/s against {done.rate(against).median:,.0f}"
            sense: Sense = "at least" if goal else "for the record"
            ratio, control = done.rate_ratio(ours, against), done.control(ours)
            name = f"small_runs.{key}" + ("" if goal else "_atomic")
            beside = "`notify.send` one by one" + ("" if goal else ", all in one transaction")
            lines.append(Line(name, work, beside, sense, goal, ratio, control, detail=detail))
    return Report("small_runs", lines, counts=counts, rounds={"small runs": done.as_json()})


def until_in_inboxes(trigger: Callable[[list[str]], None], people: list[str], triggers: int) -> Side:
    """A side: from before the first trigger until the last of their runs has ended, checked by counting the items."""
    turn = iter(range(10**9))

    def side() -> Slice:
        start = next(turn) * triggers
        chosen = [people[(start + n) % len(people)] for n in range(triggers)]
        first, before = product.last_run() + 1, product.items()
        begin = time.perf_counter()
        trigger(chosen)
        end = product.wait_for_runs(first, product.last_run(), every=0.02)
        assert product.items() - before == triggers, "not one item a trigger"
        return Slice(triggers, end - begin)

    return side


def counted(sides: dict[str, Side], each: str, many: str, tenant: Tenant, worker: Worker) -> dict[str, object]:
    """Tasks of a slice of each of our ways, and the statements of one trigger."""
    found: dict[str, object] = {}
    for ours in (each, many):
        before = worker.tasks()
        sides[ours]()
        time.sleep(1)
        found[f"Celery tasks, {ours}"] = worker.tasks() - before
    person = product.external_ids_of(tenant)[0]
    with product.statements() as seen:
        notice.trigger_one(tenant, person)
    found["statements of a trigger"] = len(seen)
    return found
