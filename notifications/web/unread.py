"""Where the inbox of the person behind a request stands, and the unread number; each asked for once, however many parts
of a page show it."""

from __future__ import annotations

from django.http import HttpRequest

from .. import inbox
from .access import person_of

_ATTRIBUTE = "_notifyhub_unread"
_CURSOR = "_notifyhub_cursor"


def cursor_of(request: HttpRequest) -> str:
    """Where the inbox stood before this request read anything of it: live updates go on from there. So a page that
    shows items asks for this first."""
    if not hasattr(request, _CURSOR):
        person = person_of(request)
        setattr(request, _CURSOR, inbox.current_cursor(person) if person else "")
    found: str = getattr(request, _CURSOR)
    return found


def unread_of(request: HttpRequest) -> inbox.Unread:
    if not hasattr(request, _ATTRIBUTE):
        person = person_of(request)
        setattr(request, _ATTRIBUTE, inbox.unread_count(person) if person else inbox.Unread())
    found: inbox.Unread = getattr(request, _ATTRIBUTE)
    return found
