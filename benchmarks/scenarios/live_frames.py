"""One trigger to two thousand people who are online, one item each, until the last frame is received; beside Channels
with its core layer and one `group_send` each, and beside `websockets` with Redis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks import notice, online, product
from benchmarks.goals import Line
from benchmarks.harness import alternate
from benchmarks.online import FOLDER, Say, said
from benchmarks.report import Report
from benchmarks.web import PORT
from benchmarks.worker import Worker, rested

from .fanout import committed_at

if TYPE_CHECKING:
    from notifications.models import Tenant

CORE, BARE = "group_send each by the core layer", "websockets and Redis"


@dataclass(frozen=True, slots=True)
class Size:
    people: int
    rounds: int


FULL = Size(people=2_000, rounds=15)
QUICK = Size(people=200, rounds=3)


def measure(*, quick: bool) -> Report:
    size = QUICK if quick else FULL
    tenant = product.site_with_history(slug="bench", people=size.people, each=10)
    product.settle()
    with (
        Worker(log=FOLDER / "live-worker.log") as worker,
        online.ours(tenant) as ours,
        online.anybody(online.channels("core", port=PORT + 1, group="each"), size.people) as core,
        online.anybody(online.bare_websockets(port=PORT + 2), size.people) as bare,
        online.speaker() as says,
    ):
        text = ours.sample(triggered(tenant))
        each = {"do": "each", "count": size.people, "text": text}
        sides = {
            "trigger": rested(worker, ours.received(triggered(tenant))),
            CORE: core.received(said(says, by="core", **each)),
            BARE: bare.received(said(says, by="redis", **each)),
        }
        done = alternate(sides, rounds=size.rounds)
    ours.must_not_lose()
    lost = sum(core.lost[-size.rounds :]) / (size.rounds * size.people)
    lines = [
        Line(
            key,
            f"frames to {size.people:,} people online, one item each, from the commit of one trigger to the last",
            against,
            "at least",
            goal,
            done.rate_ratio("trigger", side),
            done.control("trigger"),
            detail=f"{done.rate('trigger').median:,.0f}/s against {done.rate(side).median:,.0f}{more}",
        )
        for key, side, against, goal, more in [
            (
                "live_frames.core",
                CORE,
                "Channels with the core layer of channels-redis, one `group_send` each",
                5.0,
                f"; 0 lost against {lost:.0%}",
            ),
            ("live_frames.websockets", BARE, "bare `websockets` + Redis, published in a pipeline", 0.3, ""),
        ]
    ]
    counts = {name: one.told(size.rounds) for name, one in [("trigger", ours), (CORE, core), (BARE, bare)]}
    return Report(
        "live_frames", lines, counts={**counts, "bytes of a frame": len(text)}, rounds={"frames": done.as_json()}
    )


def triggered(tenant: Tenant) -> Say:
    def say() -> float:
        with committed_at() as moments:
            notice.trigger_everyone(tenant)
        return moments[0]

    return say
