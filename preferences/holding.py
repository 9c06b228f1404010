"""What is held for people. Nothing is, as long as the engine sends at once what is to wait."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime


def look_again(recipient_ids: Collection[int], *, now: datetime) -> None:
    """Have what is held for these people decided again at once: their hours, zone or choices changed. In the caller's
    transaction."""
