"""The page of an unsubscribe link. The link itself is the permission: nobody signs in, and no cookie is asked for or
set. Looking changes nothing, however often a scanner looks; what changes something is posted: by the buttons of the
page, or by the receiver's mail program in one click (RFC 8058)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from notifications.edges import principal_of
from notifications.kernel.clock import db_now
from notifications.models import Recipient

from ..changing import By
from ..models import Via
from ..unsubscribe import acting
from ..unsubscribe.acting import Before, TooMany
from ..unsubscribe.scope import Scope
from ..unsubscribe.standing import Standing, standing_of
from ..unsubscribe.tokens import scope_of
from .origin import address_of

ONE_CLICK = ("List-Unsubscribe", "One-Click")

Act = Callable[[Recipient, Scope, By, datetime], list[Before]]

ACTS: dict[str, Act] = {
    "off": lambda person, scope, by, now: acting.turn_off(person, scope.named, by=by, now=now),
    "on": lambda person, scope, by, now: acting.turn_on(person, scope.named, by=by, now=now),
    "channel-off": lambda person, scope, by, now: acting.turn_off(person, scope.of_channel, by=by, now=now),
    "channel-on": lambda person, scope, by, now: acting.turn_on(person, scope.of_channel, by=by, now=now),
}
"""What the buttons do. Each answers with what was said before."""


@csrf_exempt  # a link that is a secret is its own protection, and a mail program has no cookie to send
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("token")
def page(request: HttpRequest, token: str) -> HttpResponse:
    response = _answer(request, token)
    add_never_cache_headers(response)
    response.headers["Referrer-Policy"] = "no-referrer"  # the address is a permission: it goes to no other site
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _answer(request: HttpRequest, token: str) -> HttpResponse:
    scope = scope_of(token)
    if scope is None:
        return _refused(request, status=400)
    person = acting.person_of(scope)
    if person is None:
        return _refused(request, status=404)
    if request.method != "POST":
        return _shown(request, token, scope, person)
    try:
        return _changed(request, token, scope, person)
    except TooMany as many:
        response = render(request, "notifyhub/preferences/unsubscribe_later.html", status=429)
        response.headers["Retry-After"] = str(many.seconds)
        return response
    except ValidationError:  # what it speaks of is not there any more
        return _refused(request, status=404)


def _changed(request: HttpRequest, token: str, scope: Scope, person: Recipient) -> HttpResponse:
    now, asked = db_now(), request.POST.get("do", "")
    if request.POST.get(ONE_CLICK[0]) == ONE_CLICK[1]:
        before = acting.turn_off(person, scope.named, by=_by(request, "one-click unsubscribe"), now=now)
        # no redirect: see RFC 8058, section 3.1
        return _shown(request, token, scope, person, done="off", undo=acting.undo_token(token, before))
    if asked == "undo":
        acting.undo(person, acting.read_undo(token, request.POST.get("undo", "")), by=_by(request), now=now)
        return _back(token, done="undo")
    if asked not in ACTS:
        return _refused(request, status=400)
    before = ACTS[asked](person, scope, _by(request), now)
    return _back(token, done=asked, undo=acting.undo_token(token, before))


def _shown(
    request: HttpRequest, token: str, scope: Scope, person: Recipient, *, done: str = "", undo: str = ""
) -> HttpResponse:
    undo = undo or request.GET.get("undo", "")
    principal, standing = principal_of(request), standing_of(scope, person)
    context = {
        "standing": standing,
        "person": person,
        "address": _hidden(person.email),
        "done": _truly(done or request.GET.get("done", ""), standing),
        "undo": undo if undo and acting.read_undo(token, undo) else "",
        "is_me": bool(principal and principal.recipient and principal.recipient.pk == person.pk),
    }
    return render(request, "notifyhub/preferences/unsubscribe.html", context)


def _truly(done: str, standing: Standing) -> str:
    """What was done, as an address says it, if it looks like it."""
    on = {"off": not standing.on, "channel-off": not standing.channel_on, "on": standing.on, "undo": True}
    return done if on.get(done, done == "channel-on" and standing.channel_on) else ""


def _refused(request: HttpRequest, *, status: int) -> HttpResponse:
    """The same words whatever is wrong: they tell nothing of whom a link might be for."""
    return render(request, "notifyhub/preferences/unsubscribe_refused.html", status=status)


def _back(token: str, **said: str) -> HttpResponse:
    """To the page, so that loading it again sends nothing again."""
    query = urlencode({name: value for name, value in said.items() if value})
    response = redirect(f"{reverse('unsubscribe', args=[token])}?{query}")
    response.status_code = 303
    return response


def _by(request: HttpRequest, name: str = "unsubscribe link") -> By:
    return By(name, Via.LINK, address_of(request))


def _hidden(address: str) -> str:
    """Enough of an address to know which of one's own it is."""
    name, at, domain = address.partition("@")
    return f"{name[:1]}…@{domain}" if at else ""
