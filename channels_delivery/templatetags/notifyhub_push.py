"""`{% load notifyhub_push %}`: the element that turns pushes on and off, with its words in the language of the page."""

from __future__ import annotations

import json

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

register = template.Library()

_INSIDE_SCRIPT = {ord(one): f"\\u{ord(one):04x}" for one in "<>&"}


@register.simple_tag(takes_context=True)
def notifyhub_push(context: Context) -> SafeString:
    """The element alone; the page loads `notifyhub/push.js`. Needs the request in the context, for its CSRF token."""
    words = json.dumps({"words": _words()}).translate(_INSIDE_SCRIPT)
    return format_html(
        '<notifyhub-push csrf="{}"><script type="application/json" data-nh-config>{}</script></notifyhub-push>',
        str(context.get("csrf_token") or ""),
        mark_safe(words),  # noqa: S308 - translated above
    )


def _words() -> dict[str, str]:
    return {
        "loading": _("Looking at this browser …"),
        "unsupported": _(
            "This browser cannot receive push messages. On an iPhone or iPad, add the site to the home screen first."
        ),
        "unready": _("Push messages are not set up on this site."),
        "denied": _(
            "You have blocked messages from this site. Allow them in the settings of the browser, then reload the page."
        ),
        "off": _("Push messages are off in this browser."),
        "on": _("Push messages are on in this browser."),
        "failed": _("That did not work. Try again in a moment."),
        "title": _("Push messages"),
        "turnOn": _("Turn on"),
        "turnOff": _("Turn off"),
        "test": _("Test"),
        "name": _("Name of the device"),
        "remove": _("Remove"),
        "works": _("It works."),
        "looks": _("Messages will look like this."),
    }
