"""How one who sends much leaves the processor to others: by short turns, and by pausing after each.

Places alone do not see to that. A flood to receivers that answer at once holds few places at a time, and yet keeps the
processor busy: on two cores, the letters of ten quiet tenants took 107 ms beside it, four times as long as alone, and
take half as long again now. The flood pays with its pace, and only while others send: who is alone has everything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

ABOUT = 1.0
"""Seconds for which somebody counts as being about after they started something."""

FEW = 16
"""So many a tenant may start in a turn while others are about, or one more than all of those together. Who starts so
many, and more than twice as many as they do, is one who sends much: two floods need not give way to each other."""

PAUSE = 3
"""So many times as long as its turn took pauses whoever sends much. With one, others' p99 is 2.4 times that of calm."""


class Manners:
    """Of one process: who started something lately, and who pauses. Times are seconds of a monotonic clock."""

    def __init__(self) -> None:
        self._about: dict[int, float] = {}
        self._pause: dict[int, float] = {}

    def most(self, now: float) -> int | None:
        """How many a tenant may start in a turn, at least; None: as many as there is room for."""
        self._about = {tenant: at for tenant, at in self._about.items() if now - at < ABOUT}
        return FEW if len(self._about) > 1 else None

    def pausing(self, now: float) -> Collection[int]:
        """Tenants that start nothing now."""
        self._pause = {tenant: until for tenant, until in self._pause.items() if until > now}
        return self._pause.keys() if len(self._about) > 1 else ()

    def started(self, tenants: Counter[int], *, begun: float, now: float) -> None:
        """In a turn that began then, so many of each tenant. Who had much to start pauses."""
        self._about |= dict.fromkeys(tenants, now)
        most = 2 * tenants.total() / 3
        self._pause |= {
            tenant: now + PAUSE * (now - begun) for tenant, count in tenants.items() if count >= FEW and count > most
        }
