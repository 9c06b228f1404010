"""The settings of this app: `NOTIFYHUB["NOTIFICATIONS"]`."""

from __future__ import annotations

from dataclasses import dataclass

from .kernel.config import section


@dataclass(frozen=True)
class NotificationsSettings:
    """`resync_after`: a client that missed more changes than this is told to load its page anew."""

    resync_after: int = 500
    page_size: int = 20
    page_size_max: int = 100


conf = section("NOTIFICATIONS", NotificationsSettings)
