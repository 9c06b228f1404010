"""What a socket costs: growth of the web process for two thousand of them, beside those of a bare consumer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import online, product
from benchmarks.goals import Line
from benchmarks.harness import Spread, progress
from benchmarks.online import FOLDER, channels
from benchmarks.report import Report
from benchmarks.sinks.client import Audience
from benchmarks.web import PORT, Server, web

KIB = 2**10
BEFORE = 100
"""Sockets that are open before anything is measured: what the first ones import and cache is no cost of the others."""

SETTLED = 3.0
"""Seconds after the last handshake."""

Open = Callable[[Audience, int, int], None]
"""Open so many sockets, after so many."""


@dataclass(frozen=True, slots=True)
class Size:
    sockets: int
    rounds: int


FULL = Size(sockets=2_000, rounds=5)
QUICK = Size(sockets=300, rounds=1)

OURS, BARE, PUBSUB = "notifyhub", "bare consumer", "consumer on the pub/sub layer"


def measure(*, quick: bool) -> Report:
    size = QUICK if quick else FULL
    tenant = product.site_with_history(slug="bench", people=BEFORE + size.sockets, each=10)
    product.settle()
    people = product.people_of(tenant)

    def ours(audience: Audience, after: int, count: int) -> None:
        online.come(audience, PORT, tenant, people[after : after + count])

    def anybody(audience: Audience, after: int, count: int) -> None:
        audience.open(PORT, [""] * count)

    grown: dict[str, list[float]] = {OURS: [], BARE: [], PUBSUB: []}
    for number in range(size.rounds):
        grown[OURS].append(growth(web(port=PORT, log=FOLDER / "live-web.log"), ours, size.sockets))
        grown[BARE].append(growth(channels("", port=PORT, group="all"), anybody, size.sockets))
        grown[PUBSUB].append(growth(channels("pubsub", port=PORT, group="all"), anybody, size.sockets))
        told = ", ".join(f"{name} {some[-1]:.1f} KiB" for name, some in grown.items())
        progress(f"  round {number + 1}/{size.rounds}: {told}")
    lines = [
        Line(
            key,
            f"memory of a connection, of {size.sockets:,}",
            against,
            sense,  # type: ignore[arg-type]
            goal,
            Spread.of([a / b for a, b in zip(grown[OURS], grown[other], strict=True)]),
            detail=f"{Spread.of(grown[OURS]).median:.1f} KiB against {Spread.of(grown[other]).median:.1f}",
        )
        for key, other, against, sense, goal in [
            ("live_memory.bare", BARE, "a bare Channels consumer, without a layer", "at most", 1.5),
            ("live_memory.pubsub", PUBSUB, "the same in a group of the pub/sub layer", "for the record", 0),
        ]
    ]
    return Report("live_memory", lines, rounds={"KiB of a connection": grown})


def growth(server: Server, open_some: Open, count: int) -> float:
    """KiB for each of so many sockets, in a process of its own."""
    with server, Audience() as audience:
        open_some(audience, 0, BEFORE)
        time.sleep(SETTLED)
        before = server.memory()
        open_some(audience, BEFORE, count)
        time.sleep(SETTLED)
        return (server.memory() - before) / KIB / count
