"""The spread of releases: not everybody's phone at the full hour, but each within two minutes of it."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

SPREAD_SECONDS = 120


def release_at(until: datetime, recipient: int) -> datetime:
    """When what is held for this person until then leaves: 0 to 120 s after it, never before; for the same person and
    instant always the same, so that all that waits for them leaves together. Pure."""
    hashed = hashlib.blake2b(f"{recipient}:{until.timestamp()}".encode(), digest_size=4).digest()
    return until + timedelta(seconds=int.from_bytes(hashed, "big") % (SPREAD_SECONDS + 1))
