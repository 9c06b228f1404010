"""How often one address may say to one channel what nobody signed, before it is told to wait.

Who is told so is heard all the same: what is signed counts, so a provider that signs what it says is never slowed, also
where all callers share the address of a proxy. The count is kept in the cache, for a minute at a time; without a cache
nobody is told to wait.
"""

from __future__ import annotations

import logging
from datetime import datetime

from django.core.cache import cache

logger = logging.getLogger(__name__)

REFUSALS = 60
SECONDS = 60


def is_over(address: str, channel: int, *, now: datetime) -> bool:
    """Whether this address, now that it is refused once more, was refused too often by this channel (id) in this
    minute."""
    key = f"notifyhub:refused:{channel}:{address.replace(':', '_')}:{int(now.timestamp()) // SECONDS}"
    try:
        return not cache.add(key, 1, 2 * SECONDS) and int(cache.incr(key)) > REFUSALS
    except Exception:
        logger.warning("callback.cache_away")
        return False
