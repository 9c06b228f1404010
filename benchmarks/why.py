"""Why a line of the table is below its goal: written by whoever looked into it, keyed by `Line.key`.

A goal that is missed is shown in the table as `below: <this text>`; remove the entry when the goal is met.
"""

from __future__ import annotations

WHY: dict[str, str] = {
    "small_runs.each": (
        "each trigger is a transaction of its own, with its own flush of the log, a ring and three statements where "
        "`notify.send` is one insert; beside a busy worker on two cores it cannot come near"
    ),
    "fairness.p99": (
        "a letter waits for the turn of the courier that is under way, for its own, and for that which writes it down; "
        "a flood of fast receivers makes each some 30 ms long, for up to two hundred results are written in one; "
        "smaller turns make the outbox slower by a fifth"
    ),
    "webhooks.fast": (
        "a webhook costs about 0.15 ms of Python on the thread of the network (bare aiohttp 0.09; the rest is signing, "
        "deadlines, checks of address and fields, and waiting for the interpreter's lock), 0.065 ms on that of the "
        "database, and 0.07 ms of PostgreSQL beside them; the two threads share one lock, so 0.22 ms is the least"
    ),
    "webhooks.tls": "as without TLS: the two threads share one interpreter lock",
    "webhooks.slow": (
        "no tenant gets more than is left free for others, so of a hundred places ten tenants use ninety; and what "
        "ended is replaced a turn later, unless enough was waiting"
    ),
    "live_latency.p50": (
        "between the two are rows and not only hints: four commits (the trigger's, its recipients', the claim's, the "
        "items') and some 25 statements after the task has started, each of which takes a fifth of what Celery takes "
        "in all; the socket's part, from the commit of the items to the parsed frame, takes little longer than Celery's"
    ),
    "live_latency.fan_out": (
        "the fan-out keeps both workers, and so both cores, busy: each statement takes longer, and a run of one person "
        "comes after up to four steps of a thousand people, or eight chunks that are being resolved"
    ),
}
