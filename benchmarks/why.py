"""Why a line of the table is below its goal: written by whoever looked into it, keyed by `Line.key`.

A goal that is missed is shown in the table as `below: <this text>`; remove the entry when the goal is met.
"""

from __future__ import annotations

WHY: dict[str, str] = {
    "small_runs.each": (
        "each trigger is a transaction of its own, with its own flush of the log, a ring and three statements where "
        "`notify.send` is one insert; beside a busy worker on two cores it cannot come near"
    ),
    "webhooks.fast": (
        "a webhook costs about 0.16 ms of Python on the thread of the network (aiohttp alone: 0.09), 0.09 ms on the "
        "thread of the database and 0.18 ms of PostgreSQL (two updates of a row with ten indexes, an attempt, two "
        "lanes); the two threads share one interpreter lock and wait for each other's turns"
    ),
    "webhooks.tls": "as without TLS: what holds it back is the database side, not the network",
    "webhooks.slow": (
        "a slot is free again only when its result is settled and the next claim is committed, some 40 ms in which "
        "nothing of it is under way; and a tenant never takes the last free ones"
    ),
    "live_latency.p50": (
        "between the two are rows and not only hints: four commits (the trigger's, its recipients', the claim's, the "
        "items') and some 25 statements after the task has started, each of which takes a fifth of what Celery takes "
        "in all; the socket's part, from the commit of the items to the parsed frame, takes little longer than Celery's"
    ),
    "live_latency.fan_out": (
        "the fan-out keeps both workers, and so both cores, busy: each statement takes longer, and a run of one person "
        "comes after up to two steps of a thousand people, or four chunks that are being resolved"
    ),
}
