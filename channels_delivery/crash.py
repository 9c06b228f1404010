"""Points at which a process ends itself, named by `NOTIFYHUB_CRASH_AT`: for the fault tests. Free when it is unset."""

from __future__ import annotations

import os

_AT = os.environ.get("NOTIFYHUB_CRASH_AT", "")


def point(name: str) -> None:
    """End the process here, as `kill -9` would, if this is the point."""
    if _AT and name == _AT:
        os._exit(137)
