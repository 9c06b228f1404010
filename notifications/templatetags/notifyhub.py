"""Tags for any Django template: `{% load notifyhub %}{% notifyhub_bell %}` puts the bell on a page, in one line."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.http import HttpRequest
from django.template import Context
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from .. import inbox
from ..content import Content
from ..edges import Principal, memberships, principal_of
from ..models import Tenant
from ..web import clock, widgets
from ..web.access import person_of
from ..web.icons import icon_of
from ..web.unread import cursor_of, unread_of

register = template.Library()
LATEST = 5


@register.inclusion_tag("notifyhub/notifications/bell.html", takes_context=True)
def notifyhub_bell(
    context: Context, *, latest: int = LATEST, links: str = "item", assets: bool = True
) -> dict[str, Any]:
    """The bell with the unread number and the latest few, live. Nothing for who has no inbox.

    Needs the request in the context. `links` is what a click opens: the page of the "item", or its "target".
    `assets=False` where the page loads notifyhub.css itself.
    """
    request: HttpRequest | None = context.get("request")
    person = person_of(request) if request else None
    if request is None or person is None:
        return {"person": None}
    cursor_of(request)
    entries = inbox.list_items(person, limit=latest).entries
    return {
        "person": person,
        "unread": unread_of(request),
        "inbox": widgets.address("inbox"),
        "settings": widgets.address("preferences"),
        "config": widgets.config_of(request, person, csrf=str(context.get("csrf_token") or ""), entries=entries),
        "latest": latest,
        "links": links,
        "assets": assets,
        "request": request,
    }


@register.inclusion_tag("notifyhub/notifications/toasts.html", takes_context=True)
def notifyhub_toasts(context: Context, *, items: bool = False, place: str = "bottom-end") -> dict[str, Any]:
    """The place where toasts are shown; once, anywhere in the body. Nothing for who has no inbox.

    Needs the request in the context. `items`: new items of the inbox are shown as well. `place` is the corner.
    """
    request: HttpRequest | None = context.get("request")
    person = person_of(request) if request else None
    if request is None or person is None:
        return {}
    config = widgets.config_of(request, person, csrf=str(context.get("csrf_token") or ""))
    return {"config": config, "items": items, "place": place}


@register.simple_tag(takes_context=True)
def notifyhub_principal(context: Context) -> Principal | None:
    """Who is behind the request, as `{% notifyhub_principal as principal %}`."""
    request: HttpRequest | None = context.get("request")
    return principal_of(request) if request else None


@register.simple_tag(takes_context=True)
def notifyhub_tenants(context: Context) -> list[Tenant]:
    """The tenants among which the user may choose."""
    request: HttpRequest | None = context.get("request")
    return [person.tenant for person in memberships(request.user)] if request else []


@register.simple_tag
def notifyhub_icon(name: str, classes: str = "") -> SafeString:
    """A drawing of the sprite. It says nothing to a screen reader: the text beside it does."""
    return format_html(
        '<svg class="nh-icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        classes,
        static("notifyhub/icons.svg"),
        name,
    )


@register.simple_tag(takes_context=True)
def notifyhub_ago(context: Context, moment: datetime) -> SafeString:
    """A `<time>`: short to read, exact in its tooltip, in the person's zone."""
    request: HttpRequest = context["request"]
    zone, now = clock.zone_of(request), clock.now_of(request)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        clock.exact(moment, zone=zone),
        clock.ago(moment, zone=zone, now=now),
    )


@register.filter
def notifyhub_icon_name(content: Content) -> str:
    """The drawing that fits an item."""
    return icon_of(content)


@register.filter
def notifyhub_undo(tags: str) -> str:
    """The item that a message offers to bring back, by its id, or nothing."""
    return next((word.removeprefix("undo:") for word in (tags or "").split() if word.startswith("undo:")), "")
