"""Ten thousand triggers with one webhook each, from their commit until all are delivered and on record, by the two
services of a site, beside `notify.send` alone, which sends nothing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from benchmarks import exits, outgoing, product
from benchmarks.goals import Line
from benchmarks.harness import Side, Slice, alternate
from benchmarks.peers.client import Peer
from benchmarks.report import RESULTS, Report
from benchmarks.sinks.client import HttpSink
from benchmarks.worker import DELIVERY, QUEUES, Worker, rested

from .fanout import committed_at

if TYPE_CHECKING:
    from notifications.models import Tenant

KEY = "bench.order_shipped"
FOLDER = RESULTS.parent / "var"
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Size:
    """A tenant has one endpoint, so that each of its triggers makes one webhook."""

    triggers: int
    tenants: int
    rounds: int


FULL = Size(triggers=10_000, tenants=50, rounds=15)
QUICK = Size(triggers=500, tenants=50, rounds=2)


def measure(*, quick: bool) -> Report:
    size = QUICK if quick else FULL
    product.fresh_site()
    exits.certificate()
    register()
    with (
        HttpSink(exits.HTTP, exits.HOSTS) as sink,
        Peer(people=1_000, items=10_000) as peer,
        Worker(log=FOLDER / "triggered-live.log", queues=QUEUES) as live,
        Worker(log=FOLDER / "triggered-delivery.log", queues=DELIVERY) as delivery,
    ):
        tenants = subscribed(sink, size.tenants)
        outgoing.settle()
        sides = {
            "triggers": rested(live, rested(delivery, until_settled(tenants, size, sink))),
            "notify.send": peer.send(kind="one_by_one", count=min(size.triggers, 1_000)),
        }
        done = alternate(sides, rounds=size.rounds)
        before = live.tasks() + delivery.tasks()
        sides["triggers"]()
        tasks = live.tasks() + delivery.tasks() - before
    detail = f"{done.rate('triggers').median:,.0f}/s against {done.rate('notify.send').median:,.0f}"
    line = Line(
        "triggered.webhooks",
        f"{size.triggers:,} triggers with a webhook of 1 KB each, from commit to settled",
        "`notify.send` one by one, which sends nothing",
        "at least",
        1,
        done.rate_ratio("triggers", "notify.send"),
        done.control("triggers"),
        detail=detail,
    )
    counts = {"tenants and endpoints": size.tenants, f"Celery tasks of {size.triggers:,} triggers": tasks}
    return Report(
        "triggered",
        [line],
        counts={**counts, "on record at the end": outgoing.on_record()},
        rounds={"triggered": done.as_json()},
    )


def register() -> None:
    """Make the workflow known to this process. A worker needs nothing: what it means is stored with the run."""
    from workflows import registry
    from workflows.define import Workflow, send_webhook

    workflow = Workflow(
        key=KEY,
        name="Order shipped",
        payload={"type": "object", "required": ["number", "note"]},
        sample={"number": 1, "note": "x"},
        steps=[send_webhook(title="Order {{ payload.number }} was shipped", url="/orders/{{ payload.number }}")],
    )
    if not registry.register(workflow):
        raise SystemExit(f"the benchmark's workflow was refused: {registry.problems()}")


def subscribed(sink: HttpSink, tenants: int) -> list[Tenant]:
    """So many tenants, each with a person and a channel that is told of the workflow."""
    from channels_delivery.models import Channel
    from notifications.models import Tenant

    made = outgoing.endpoints(sink.origins[:tenants], tenants=tenants, path="/fast")
    for one in made:
        settings = {"url": one.address}
        Channel.objects.filter(tenant=one.tenant, pk=one.channel).update(settings=settings, workflows=[KEY])
    owners = list(Tenant.objects.filter(pk__in=[one.tenant for one in made]))
    for owner in owners:
        product.add_people(owner, 1)
    return owners


def until_settled(tenants: Sequence[Tenant], size: Size, sink: HttpSink) -> Side:
    """A side: from the commit of all triggers, in one transaction, until each has its webhook delivered."""
    each = size.triggers // len(tenants)

    def side() -> Slice:
        [(last,)] = product.execute("SELECT coalesce(max(id), 0) FROM {delivery}", [])
        before, posts = outgoing.on_record(), sink.posts()
        with committed_at() as moments:
            for tenant in tenants:
                trigger(tenant, each)
        end = wait_until_delivered(last, size.triggers)
        after = outgoing.on_record()
        assert after["attempts"] - before["attempts"] == size.triggers, "not one attempt a trigger"
        assert sink.posts() - posts == size.triggers, "the sink did not get each once"
        return Slice(size.triggers, end - moments[0])

    return side


def trigger(tenant: Tenant, times: int) -> None:
    from workflows.trigger import Trigger, Triggered, trigger_many

    person = [{"user": "person-1"}]
    payloads = [outgoing.body(next(_numbers))["data"] for _ in range(times)]
    answers = trigger_many([Trigger(KEY, payload=one, recipients=person) for one in payloads], tenant=tenant)
    assert all(isinstance(answer, Triggered) for answer in answers), answers


def wait_until_delivered(last: int, wanted: int, *, every: float = 0.05, patience: float = 120) -> float:
    """Look at the rows after `last` until as many as wanted are delivered; the moment when they were."""
    give_up = time.perf_counter() + patience
    while True:
        query = "SELECT count(*) FROM {delivery} WHERE id > %s AND state = 'delivered'"
        [(found,)] = product.execute(query, [last])
        now = time.perf_counter()
        if found >= wanted:
            return now
        if now > give_up:
            raise SystemExit(f"{found} of {wanted} are delivered: {outgoing.on_record()}")
        time.sleep(every)
