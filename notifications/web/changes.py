"""What a person does to their inbox: forms that are posted, each one verb of the front door, then back to the page."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from .. import inbox
from ..edges import choose_tenant
from ..kernel.clock import db_now
from ..models import Recipient, State, Tab
from .access import for_person, next_of, signed_in

Change = Callable[[Recipient, list[UUID]], int]

VERBS: dict[str, Change] = {
    "read": lambda person, items: inbox.mark_read(person, items, now=db_now()),
    "unread": inbox.mark_unread,
    "archive": inbox.archive,
    "unarchive": inbox.unarchive,
    "delete": inbox.delete,
}


@require_POST
@for_person
def change(request: HttpRequest, person: Recipient, item: UUID, verb: str) -> HttpResponse:
    """One verb for one item. Doing it again changes nothing."""
    entry = inbox.get_item(person, item)
    if verb not in VERBS or entry is None or entry.hidden or entry.state == State.DELETED:
        raise Http404(_("There is no such notification in your inbox."))
    if VERBS[verb](person, [item]):
        _say(request, verb, item)
    return redirect(next_of(request))


@require_POST
@for_person
def read_all(request: HttpRequest, person: Recipient) -> HttpResponse:
    """Everything in the tab that the form names is read, or everything."""
    name = request.POST.get("tab", "").upper()
    if name and name not in Tab.__members__:
        return HttpResponseBadRequest(_("There is no such tab."))
    tab = Tab[name] if name else None
    inbox.read_all(person, tab=tab)
    said = _("Everything in “%(tab)s” is marked as read.") % {"tab": tab.label} if tab is not None else ""
    messages.success(request, said or _("Everything is marked as read."), fail_silently=True)
    return redirect(next_of(request))


@require_POST
@for_person
def seen(request: HttpRequest, person: Recipient) -> HttpResponse:
    """The person has looked at the list down from this place. Sent by the page itself once it is on screen."""
    place = request.POST.get("upto", "")
    if not (place.isascii() and place.isdigit() and len(place) < 19):
        return HttpResponseBadRequest(_("Say up to which place: a whole number."))
    inbox.mark_seen(person, int(place))
    return HttpResponse(status=204)


@require_POST
@signed_in
def choose(request: HttpRequest) -> HttpResponse:
    """Look at another one of one's tenants."""
    choose_tenant(request, request.POST.get("tenant", ""))
    return redirect(next_of(request))


def _say(request: HttpRequest, verb: str, item: UUID) -> None:
    """Tell what happened where the list does not show it; what was put away can be had back at once."""
    if verb == "archive":
        messages.success(request, _("Archived."), extra_tags=f"undo:{item}", fail_silently=True)
    elif verb == "unarchive":
        messages.success(request, _("Back in the inbox."), fail_silently=True)
    elif verb == "delete":
        messages.success(request, _("Deleted."), fail_silently=True)
