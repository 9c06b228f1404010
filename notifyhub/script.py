"""How the receivers of the embedded mode answer what comes next: as they were told for a while, or as it deserves."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

TIMES_MAX = 20

M = TypeVar("M", bound=StrEnum)


@dataclass(frozen=True)
class Script(Generic[M]):
    """How the next `left` requests are answered."""

    manner: M
    left: int


class Scripts(Generic[M]):
    """One for each tenant that has one. For threads."""

    def __init__(self) -> None:
        self._of: dict[int, Script[M]] = {}
        self._lock = threading.Lock()

    def of(self, tenant_id: int) -> Script[M] | None:
        """How this tenant's next requests are answered; None: as they deserve."""
        with self._lock:
            return self._of.get(tenant_id)

    def put(self, manner: M | None, *, tenant_id: int, times: int = 1) -> None:
        """Answer this tenant's next `times` requests (at most 20) in that manner; None: as they deserve."""
        with self._lock:
            if manner is None or times < 1:
                self._of.pop(tenant_id, None)
            else:
                self._of[tenant_id] = Script(manner, min(times, TIMES_MAX))

    def forget(self) -> None:
        """Nobody has one any more."""
        with self._lock:
            self._of.clear()

    def take(self, tenant_id: int) -> M | None:
        """The manner for a request that came."""
        with self._lock:
            plan = self._of.get(tenant_id)
            if plan is None:
                return None
            if plan.left > 1:
                self._of[tenant_id] = Script(plan.manner, plan.left - 1)
            else:
                del self._of[tenant_id]
            return plan.manner
