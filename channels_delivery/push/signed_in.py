"""The devices of a browser, which go when somebody signs out there: whoever comes next is not shown their messages.

A browser keeps the names of its devices in a signed cookie, which outlives the session that they were added in.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from rest_framework.response import Response

from notifications.kernel.clock import db_now

from .. import devices, endpoints
from ..models import Endpoint

KEY = "notifyhub_devices"
LIFE = 400 * 24 * 3600
"""Seconds that browsers keep a cookie at most. It is set anew at each visit."""


def remember(row: Endpoint, request: Any, answer: Response) -> Response:
    """The answer, by which the browser remembers this device. A caller with a token or a key has not signed in, and
    nothing to sign out of."""
    session = getattr(request, "session", {})
    if SESSION_KEY not in session:
        return answer
    known = session.get(KEY, [])
    if str(row.public_id) not in known:
        session[KEY] = _with(row, known)
    answer.set_signed_cookie(
        KEY,
        ".".join(_with(row, _kept(request))),
        salt=KEY,
        max_age=LIFE,
        path=settings.SESSION_COOKIE_PATH,
        domain=settings.SESSION_COOKIE_DOMAIN,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return answer


def forget_devices(*, request: Any = None, user: Any = None, **_: Any) -> None:
    """Receiver of Django's `user_logged_out`, which is sent while the session is still there."""
    names = sorted({*getattr(request, "session", {}).get(KEY, []), *_kept(request)})
    if names and user is not None:
        endpoints.remove_all(user.pk, names, now=db_now())


def _with(row: Endpoint, names: list[str]) -> list[str]:
    """These names, and last this device's; the latest, as many as a person may have devices."""
    name = str(row.public_id)
    return [*(one for one in names if one != name), name][-devices.DEVICES_MAX :]


def _kept(request: Any) -> list[str]:
    if request is None:
        return []
    told = request.get_signed_cookie(KEY, default="", salt=KEY, max_age=LIFE)
    return told.split(".") if told else []
