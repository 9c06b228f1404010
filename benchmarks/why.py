"""Why a line of the table is below its goal: written by whoever looked into it, keyed by `Line.key`.

A goal that is missed is shown in the table as `below: <this text>`; remove the entry when the goal is met.
"""

from __future__ import annotations

WHY: dict[str, str] = {
    "small_runs.each": (
        "each trigger is a transaction of its own, with its own flush of the log, a ring and three statements where "
        "`notify.send` is one insert; beside a busy worker on two cores it cannot come near"
    ),
}
