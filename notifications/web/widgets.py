"""What the widgets of a page are told by their template tags: addresses, who is looking, where the inbox stands, and
their words in the language of the page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, get_script_prefix, reverse
from django.utils.crypto import salted_hmac
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from ..inbox import Entry
from ..live import routing
from ..models import Recipient
from .clock import zone_of
from .icons import ICONS
from .unread import cursor_of, unread_of

_NOBODY = UUID(int=0)
_SHOWN = ("id", "rev", "title", "level", "icon", "actor", "created_at", "state", "read", "tab", "url")
_INSIDE_SCRIPT = {ord(">"): "\\u003E", ord("<"): "\\u003C", ord("&"): "\\u0026"}


def config_of(
    request: HttpRequest, person: Recipient, *, csrf: str, entries: Sequence[Entry] | None = None
) -> SafeString:
    """A JSON script for widgets on a page of this person, or nothing where the site has no API to ask."""
    api = address("api-inbox").removesuffix("inbox/")
    if not api:
        return mark_safe("")
    said: dict[str, Any] = {
        "api": api,
        "socket": get_script_prefix().rstrip("/") + routing.PATH,
        "user": salted_hmac("notifyhub.live", str(request.user.pk)).hexdigest()[:16],
        "tenant": person.tenant.slug,
        "person": str(person.public_id),
        "cursor": cursor_of(request),
        "unread": unread_of(request).to_json(),
        "csrf": csrf,
        "zone": str(zone_of(request)),
        "guess": "" if person.zone else address("api-preferences"),
        "pages": {"inbox": address("inbox"), "item": address("inbox-item", _NOBODY).replace(str(_NOBODY), "{id}")},
        "icons": {"sprite": static("notifyhub/icons.svg"), "names": sorted(ICONS)},
        "words": _words(),
    }
    if entries is not None:
        said["items"] = [{name: value for name, value in one.to_json().items() if name in _SHOWN} for one in entries]
    text = json.dumps(said, separators=(",", ":")).translate(_INSIDE_SCRIPT)
    return format_html('<script type="application/json" data-nh-config>{}</script>', mark_safe(text))  # noqa: S308 - translated above


def address(name: str, *arguments: Any) -> str:
    """Where a page of ours is, or nothing where the site left it out."""
    try:
        return reverse(name, args=arguments)
    except NoReverseMatch:
        return ""


def _words() -> dict[str, str]:
    return {
        "title": _("Notifications"),
        "none": _("Notifications, none unread"),
        "some": _("Notifications, %(n)s unread") % {"n": "{n}"},
        "unread": _("unread"),
        "readAll": _("Mark all read"),
        "empty": _("Nothing yet. What concerns you will show up here."),
        "inbox": _("Open the inbox"),
        "settings": _("Settings"),
        "fresh": _("%(n)s new") % {"n": "{n}"},
        "announce": _("New: %(title)s") % {"title": "{title}"},
        "gone": _("Not in the inbox any more"),
        "offline": _("You are offline. This is what was known."),
        "signedOut": _("You are signed out. Reload the page to go on."),
        "failed": _("That did not work. Try again."),
        "region": _("Messages"),
        "close": _("Close"),
        "more": _("%(n)s more") % {"n": "{n}"},
        "moreOpen": _("Open the inbox"),
    }
