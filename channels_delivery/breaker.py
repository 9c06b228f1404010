"""When to stop knocking: the breaker of one way out, as a pure rule over its latest results."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

IN_A_ROW = 5
WINDOW = 20
FIRST_PROBE, LAST_PROBE = 30, 600
_MASK = (1 << WINDOW) - 1


@dataclass(frozen=True)
class Health:
    """`history` holds the latest results as bits, newest lowest, 1 for a failure; `results` how many there are."""

    state: str = "closed"
    failures: int = 0
    history: int = 0
    results: int = 0
    probe_after: int = FIRST_PROBE
    open_at: datetime | None = None

    def after(self, failed: bool, *, now: datetime) -> Health:
        """The health after one more result.

        Opens after five failures in a row, or when more than half of the last twenty failed. One probe after 30 s;
        each failed probe doubles the wait, to ten minutes at most. A probe that succeeds closes it. What was under way
        when it opened tells nothing new: its success does not close it, its failure makes the wait no longer.
        """
        if not failed:
            return self if self.state == "open" else self._better()
        worse = replace(
            self,
            failures=self.failures + 1,
            history=(self.history << 1 | 1) & _MASK,
            results=min(self.results + 1, WINDOW),
        )
        if self.state == "open" or (self.state == "closed" and not worse._is_sick()):
            return worse
        wait = self.probe_after if self.state == "closed" else min(self.probe_after * 2, LAST_PROBE)
        until = now + timedelta(seconds=wait)  # the receiver may have asked for more
        return replace(worse, state="open", probe_after=wait, open_at=max(self.open_at or until, until))

    def _better(self) -> Health:
        if self.state != "closed":
            return Health()
        history, results = after_success(self.history, self.results)
        return replace(self, failures=0, history=history, results=results)

    def _is_sick(self) -> bool:
        half = self.results >= WINDOW and self.history.bit_count() * 2 > WINDOW
        return self.failures >= IN_A_ROW or half


def after_success(history: int, results: int) -> tuple[int, int]:
    """History and results of a way that is well, after one more success: all that changes in almost every case."""
    return (history << 1) & _MASK, min(results + 1, WINDOW)
