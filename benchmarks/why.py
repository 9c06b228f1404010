"""Why a line of the table is below its goal: written by whoever looked into it, keyed by `Line.key`.

A goal that is missed is shown in the table as `below: <this text>`; remove the entry when the goal is met.
"""

from __future__ import annotations

WHY: dict[str, str] = {
    "small_runs.each": (
        "each trigger is a transaction of its own, with its own flush of the log, a ring and three statements where "
        "`notify.send` is one insert; beside a busy worker on two cores it cannot come near"
    ),
    "simulation.week": (
        "no part stands out: by the profiler a quarter is waiting for PostgreSQL (354 calls), a tenth making the HTML "
        "of 2,000 mails, the rest spread thinly over Python. It was 0.99 s before messages could be held, mails had "
        "links at their foot and people had devices"
    ),
    "digests.inserts": (
        "what is inserted once there is looked up, counted up, locked, closed and read again here: a window is written "
        "three times (opened, locked and closed, held while it is told), and everybody's `head` moves beside the item; "
        "a chunk of a thousand takes some sixty statements and nine commits"
    ),
    "fairness.p99": (
        "in the storm a letter usually takes 50 ms instead of 25, because the flood keeps both cores busy; the 99th of "
        "a hundred is one of those that came while a process was being killed: the process that takes its place starts "
        "on the same two cores, and what was under way in the dead one waits for its lease. Turns of 64 results "
        "instead of two hundred changed nothing"
    ),
    "webhooks.fast": (
        "a webhook costs about 0.15 ms of Python on the thread of the network (bare aiohttp 0.09; the rest is signing, "
        "deadlines, checks of address and fields, and waiting for the interpreter's lock), 0.065 ms on that of the "
        "database, and 0.07 ms of PostgreSQL beside them; the two threads share one lock, so 0.22 ms is the least. Two "
        "processes, a worker's, were no faster on these two cores (0.32 to 0.39 ×, 5 pairs each): then the processor, "
        "which PostgreSQL and the receiver share with them, is what there is too little of"
    ),
    "webhooks.tls": "as without TLS",
    "webhooks.slow": (
        "no tenant gets more than is left free for others, so of a hundred places ten tenants use ninety; and what "
        "ended is replaced a turn later, unless enough was waiting"
    ),
    "live_latency.p50": (
        "between the two are rows and not only hints: the trigger's commit, its recipients', the items', and some 18 "
        "statements after the task has started. The figure is older than the engine's short way for runs of few people "
        "(22 statements a drain instead of 33); a trial since then, two rounds beside other work, showed 7.6 ×"
    ),
    "live_latency.fan_out": (
        "the fan-out keeps both workers, and so both cores, busy: each statement takes longer. The figure is older "
        "than the engine's letting runs of one person through between two steps of a crowd; a trial since then, two "
        "rounds beside other work, showed 3.4 × (153 ms against 46)"
    ),
}
