"""One toast to two thousand people who are online, until the last frame is received; beside a bare consumer on the
pub/sub layer, and beside `websockets` that broadcasts what Redis says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import online, product
from benchmarks.goals import Line
from benchmarks.harness import alternate
from benchmarks.online import TOAST, Say, said
from benchmarks.report import Report
from benchmarks.web import PORT

from .fanout import committed_at
from .live_frames import FULL, QUICK

if TYPE_CHECKING:
    from notifications.models import Tenant

PUBSUB, BARE = "a consumer on the pub/sub layer", "websockets that broadcast"


def measure(*, quick: bool) -> Report:
    size = QUICK if quick else FULL
    tenant = product.site_with_history(slug="bench", people=size.people, each=1)
    product.settle()
    with (
        online.ours(tenant) as ours,
        online.anybody(online.channels("pubsub", port=PORT + 1, group="all"), size.people) as pubsub,
        online.anybody(online.bare_websockets(port=PORT + 2), size.people) as bare,
        online.speaker() as says,
    ):
        text = ours.sample(shown(tenant), wanted=TOAST)
        everyone = {"do": "everyone", "text": text}
        sides = {
            "toast": ours.received(shown(tenant), wanted=TOAST),
            PUBSUB: pubsub.received(said(says, by="pubsub", **everyone), wanted=TOAST),
            BARE: bare.received(said(says, by="redis", **everyone), wanted=TOAST),
        }
        done = alternate(sides, rounds=size.rounds)
    ours.must_not_lose()
    lines = [
        Line(
            key,
            f"one toast to {size.people:,} people online, from its commit to the last frame",
            against,
            "at least",
            goal,
            done.rate_ratio("toast", side),
            done.control("toast"),
            detail=f"{done.rate('toast').median:,.0f}/s against {done.rate(side).median:,.0f}",
        )
        for key, side, against, goal in [
            ("live_toast.pubsub", PUBSUB, "a bare consumer on the pub/sub layer, one `group_send`", 3.0),
            ("live_toast.websockets", BARE, "bare `websockets` that broadcasts what Redis says", 0.2),
        ]
    ]
    counts = {name: one.told(size.rounds) for name, one in [("toast", ours), (PUBSUB, pubsub), (BARE, bare)]}
    return Report(
        "live_toast", lines, counts={**counts, "bytes of a frame": len(text)}, rounds={"toast": done.as_json()}
    )


def shown(tenant: Tenant) -> Say:
    def say() -> float:
        from notifications import toast

        with committed_at() as moments:
            toast.warning(tenant, "Back in five minutes", "We restart the servers at noon.")
        return moments[0]

    return say
