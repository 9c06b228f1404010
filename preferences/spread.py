"""The spread of releases: not everybody's phone at the full hour, but each within two minutes of it.

In steps of fifteen seconds, so that those who are in one step leave together: spread by the second, a thousand people
would be a hundred releases of ten.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

SPREAD_SECONDS, STEP_SECONDS = 120, 15


def release_at(until: datetime, recipient: int) -> datetime:
    """When what is held for this person until then leaves: 0 to 120 s after it, never before; for the same person and
    instant always the same, so that all that waits for them leaves together. Pure."""
    hashed = hashlib.blake2b(f"{recipient}:{until.timestamp()}".encode(), digest_size=4).digest()
    steps = SPREAD_SECONDS // STEP_SECONDS + 1
    return until + timedelta(seconds=int.from_bytes(hashed, "big") % steps * STEP_SECONDS)
