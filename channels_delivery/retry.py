"""When to try again: a pure value. Time and chance come in as arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

MINUTE, HOUR = 60.0, 3600.0
PATIENCE_MAX = HOUR
"""A longer Retry-After than this makes the whole way out wait, instead of the one delivery."""

PAUSE_MAX = 24 * HOUR
"""The longest that one Retry-After can make anything wait, in seconds."""


@dataclass(frozen=True)
class RetryPolicy:
    """Seconds before each further attempt, each times a factor between 0.8 and 1.2; after the last, dead."""

    steps: tuple[float, ...] = (30.0, 2 * MINUTE, 10 * MINUTE)

    def next_after(
        self,
        attempt: int,
        *,
        now: datetime,
        chance: float,
        retry_after: float | None = None,
        patience: float = PATIENCE_MAX,
    ) -> datetime | None:
        """When attempt number `attempt + 1` may start, or None after the last. `chance` is uniform in [0, 1).

        A Retry-After longer than our own wait is honoured, up to `patience` seconds.
        """
        if attempt > len(self.steps):
            return None
        own = self.steps[attempt - 1] * (0.8 + 0.4 * chance)
        return now + timedelta(seconds=max(own, min(retry_after or 0.0, patience)))


QUICK = RetryPolicy()
LONG = RetryPolicy((30.0, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, *(hours * HOUR for hours in (2, 5, 10, 14, 20, 24))))
"""For signed webhooks, whose receivers may be down over a weekend."""


def wait_asked(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Seconds for which an answer with these header fields asks us to wait. A date in it is by the clock of whoever
    wrote it, which the answer's own `Date` tells; `now` is for an answer without one. So our clock may be wrong."""
    return parse_retry_after(headers.get("Retry-After"), now=_told_at(headers) or now)


def parse_retry_after(value: str | None, *, now: datetime) -> float | None:
    """Seconds from a Retry-After header (RFC 9110: seconds or a date); None when it is missing, past or nonsense."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return float(text) or None
    try:
        wait = (parsedate_to_datetime(text) - now).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
    return wait if wait > 0 else None


def _told_at(headers: Mapping[str, str]) -> datetime | None:
    try:
        at = parsedate_to_datetime(headers.get("Date", ""))
    except (TypeError, ValueError, OverflowError):
        return None
    return at if at.tzinfo else None
