"""A way out, as whoever enqueues names it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Way:
    """The lane a parcel waits in: `key` names the way out within its tenant. `cap` sends at once, `rate` a second."""

    key: str
    urgency: int = 1
    cap: int = 8
    rate: float | None = None
