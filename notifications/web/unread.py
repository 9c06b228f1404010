"""The unread number of the person behind a request, asked for once however many parts of a page show it."""

from __future__ import annotations

from django.http import HttpRequest

from .. import inbox
from .access import person_of

_ATTRIBUTE = "_notifyhub_unread"


def unread_of(request: HttpRequest) -> inbox.Unread:
    if not hasattr(request, _ATTRIBUTE):
        person = person_of(request)
        setattr(request, _ATTRIBUTE, inbox.unread_count(person) if person else inbox.Unread())
    found: inbox.Unread = getattr(request, _ATTRIBUTE)
    return found
