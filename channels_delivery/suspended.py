"""Who sends nothing because it is suspended. What such a tenant has in the outbox waits, and leaves when it is active
again, after the gate was asked once more."""

from __future__ import annotations

import time
from collections.abc import Collection

from notifications.models import Tenant

FRESH = 1.0
"""Seconds for which an answer of the database is used."""


class Suspended:
    """The suspended tenants, as a process knows them."""

    def __init__(self, *, fresh: float = FRESH) -> None:
        self._fresh = fresh
        self._ids: Collection[int] = ()
        self._asked_at = float("-inf")

    def tenants(self) -> Collection[int]:
        """Their ids, `fresh` seconds old at most. Raises the database's errors."""
        now = time.monotonic()
        if now - self._asked_at >= self._fresh:
            self._ids = frozenset(Tenant.objects.filter(active=False).values_list("pk", flat=True))
            self._asked_at = now
        return self._ids
