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

    def __post_init__(self) -> None:
        if self.rate is not None and not self.rate > 0:
            raise ValueError(f"A rate is more than 0 a second, not {self.rate}; None is no limit.")
