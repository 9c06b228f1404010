"""How often one address may be refused here before it is not listened to any more.

Only refusals count: a provider that signs what it says is never slowed. The count is kept in the cache, for a minute
at a time; without a cache nobody is refused by it.
"""

from __future__ import annotations

import logging
from datetime import datetime

from django.core.cache import cache

logger = logging.getLogger(__name__)

REFUSALS = 60
SECONDS = 60


def at_an_end(address: str, *, now: datetime) -> bool:
    """Whether this address was refused too often in this minute."""
    try:
        return int(cache.get(_key(address, now), 0)) >= REFUSALS
    except Exception:
        logger.warning("callback.cache_away")
        return False


def refused(address: str, *, now: datetime) -> None:
    """It was refused once more."""
    key = _key(address, now)
    try:
        if not cache.add(key, 1, 2 * SECONDS):
            cache.incr(key)
    except Exception:
        logger.warning("callback.cache_away")


def _key(address: str, now: datetime) -> str:
    return f"notifyhub:refused:{address.replace(':', '_')}:{int(now.timestamp()) // SECONDS}"
