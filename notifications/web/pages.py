"""The pages of the notification centre. They only read: a link that is followed changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from .. import inbox
from ..models import Recipient, State, Tab
from .access import for_person
from .clock import days, now_of, zone_of
from .selection import Selection
from .unread import cursor_of, unread_of


@dataclass(frozen=True)
class TabLink:
    """A tab of the centre: where it leads, how many are unread in it, whether it is the one shown."""

    name: str
    label: str
    query: str
    unread: int
    current: bool

    @property
    def shown(self) -> str:
        return f"{inbox.CAP}+" if self.unread > inbox.CAP else str(self.unread)


@never_cache
@require_safe
@for_person
def inbox_page(request: HttpRequest, person: Recipient) -> HttpResponse:
    selection = Selection.of(request.GET)
    cursor_of(request)
    try:
        page = inbox.list_items(person, filters=selection.filters, cursor=selection.cursor)
    except inbox.BadCursor:
        return redirect(reverse("inbox") + selection.but().query)
    if selection.cursor.startswith("n") and page.newer is None:  # the newest page, begun at an odd place
        return redirect(reverse("inbox") + selection.but().query)
    context = {
        "selection": selection,
        "days": days(page.entries, zone=zone_of(request), now=now_of(request)),
        "page": page,
        "newest": page.entries[0].seq if page.entries and not selection.cursor else 0,
        "older": page.older and selection.but(cursor=page.older).query,
        "newer": page.newer and selection.but(cursor=page.newer).query,
        "tabs": _tabs(request, selection),
        "shows": _shows(selection),
        "here": reverse("inbox") + selection.query,
        "zone": zone_of(request),
    }
    return render(request, "notifyhub/notifications/inbox.html", context)


@never_cache
@require_safe
@for_person
def item_page(request: HttpRequest, person: Recipient, item: UUID) -> HttpResponse:
    entry = inbox.get_item(person, item)
    if entry is None or entry.hidden or entry.state == State.DELETED:
        raise Http404(_("There is no such notification in your inbox."))
    selection = Selection.of(request.GET)
    context = {
        "entry": entry,
        "content": entry.content,
        "withdrawn": entry.state == State.WITHDRAWN,
        "superseded": entry.state == State.SUPERSEDED,
        "archived": entry.state == State.ARCHIVED,
        "target": entry.content.url if entry.content.url not in {one.url for one in entry.content.actions} else "",
        "back": reverse("inbox") + selection.query,
        "here": reverse("inbox-item", args=[entry.id]) + selection.query,
        "zone": zone_of(request),
    }
    status = 410 if entry.state == State.WITHDRAWN else 200
    return render(request, "notifyhub/notifications/item.html", context, status=status)


def _tabs(request: HttpRequest, selection: Selection) -> list[TabLink]:
    unread = unread_of(request)
    links = [TabLink("all", _("All"), selection.but(tab=None).query, unread.count, selection.tab is None)]
    for tab in Tab:
        name, number = tab.name.lower(), unread.by_tab.get(tab, 0)
        links.append(TabLink(name, str(tab.label), selection.but(tab=tab).query, number, selection.tab == tab))
    return links


def _shows(selection: Selection) -> list[tuple[str, str, bool]]:
    labels = {"all": _("All"), "unread": _("Unread"), "archived": _("Archived")}
    return [(label, selection.but(show=show).query, selection.show == show) for show, label in labels.items()]
