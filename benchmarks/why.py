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
        "half is Python, spread thinly over 278 statements and 8,011 entries, and the rest waits for PostgreSQL, which "
        "writes, claims and settles 2,000 mails as for real"
    ),
    "fairness.p99": (
        "in the storm a letter usually takes 50 ms instead of 25, because the flood keeps both cores busy; the 99th of "
        "a hundred is one of those that came while a process was being killed: the process that takes its place starts "
        "on the same two cores, and what was under way in the dead one waits for its lease. Turns of 64 results "
        "instead of two hundred changed nothing"
    ),
    "webhooks.fast": (
        "a webhook costs 0.085 ms of Python on the thread of the network (bare aiohttp 0.07 in the same "
        "runs), about 0.06 ms on that of the database, and 0.07 ms of PostgreSQL beside them; the two threads "
        "share one interpreter's lock, and PostgreSQL and the receiver share the two cores with them. On the "
        "processor of the latest run bare aiohttp does 10,800 a second, and on that of the run before 9,300 "
        "when this was 0.407 ×; an HTTP client of our own, tried and not taken, came to 0.479 ×"
    ),
    "webhooks.tls": ("as without TLS; on the processor of the run before it was 0.374 ×"),
    "webhooks.slow": (
        "no tenant gets more than is left free for others, so of a hundred places ten tenants use ninety; and what "
        "ended is replaced a turn later, unless enough was waiting"
    ),
}
