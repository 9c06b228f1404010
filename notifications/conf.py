"""The settings of this app: `NOTIFYHUB["NOTIFICATIONS"]`."""

from __future__ import annotations

from dataclasses import dataclass

from .kernel.config import section


@dataclass(frozen=True)
class NotificationsSettings:
    """- `resync_after`: a client that missed more changes than this is told to load its page anew
    - `live_origins`: other origins than the site's own whose pages may open a socket (`https://app.example.com`)
    - `sockets_per_person`: sockets of one person at once, in one web process
    - `token_minutes`: how long the token of a widget is good for
    - `can_see`: the dotted path of who says which people may see which objects (see `visibility.py`)
    """

    resync_after: int = 500
    page_size: int = 20
    page_size_max: int = 100
    live_origins: tuple[str, ...] = ()
    sockets_per_person: int = 10
    token_minutes: int = 60
    can_see: str = ""


conf = section("NOTIFICATIONS", NotificationsSettings)
