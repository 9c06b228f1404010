"""The devices that were added in a session, which go when somebody signs out there: whoever comes next at that browser
is not shown their messages."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import SESSION_KEY

from notifications.kernel.clock import db_now

from .. import devices, endpoints
from ..models import Endpoint

KEY = "notifyhub_devices"


def remember(request: Any, row: Endpoint) -> None:
    """A caller with a token or a key has not signed in, and nothing to sign out of."""
    session = getattr(request, "session", {})
    if SESSION_KEY not in session:
        return
    known = session.get(KEY, [])
    if (name := str(row.public_id)) not in known:
        session[KEY] = [*known, name][-devices.DEVICES_MAX :]


def forget_devices(*, request: Any = None, user: Any = None, **_: Any) -> None:
    """Receiver of Django's `user_logged_out`, which is sent while the session is still there."""
    names = getattr(request, "session", {}).get(KEY, [])
    if names and user is not None:
        endpoints.remove_all(user.pk, names, now=db_now())
