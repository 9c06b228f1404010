"""The page on which somebody who has signed in says what they want, and when. It reads and shows; what a form says is
read by `forms.py`, and the one verb of preferences changes it."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from notifications.kernel.clock import db_now
from notifications.models import Recipient
from notifications.web.access import for_person

from ..changing import By, Outdated, change
from ..guessing import guess
from ..models import Via
from ..sooner import send_now
from .forms import SECTIONS
from .history import FIELDS
from .origin import address_of
from .showing import shown
from .trials import trials, tried


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_person
def page(request: HttpRequest, person: Recipient) -> HttpResponse:
    return _changed(request, person) if request.method == "POST" else _shown(request, person)


def _changed(request: HttpRequest, person: Recipient) -> HttpResponse:
    """One section at a time, on the state that its form was filled in on; then back to it."""
    section, now = request.POST.get("section", ""), db_now()
    if section == "held":
        return _sent_now(request, person)
    if section == "test":
        return tried(request, person)
    if section == "zone_guess":
        guess(person, request.POST.get("zone", ""), via=Via.PAGE, address=address_of(request), now=now)
        return _back()
    if section not in SECTIONS:
        return _shown(request, person, problems={"": _("There is no such form on this page.")}, status=400)
    try:
        said = SECTIONS[section](request.POST, person, now)
        by = By(str(person), Via.PAGE, address_of(request))
        change(person, said, by=by, now=now, matching=request.POST.get("matching") or None)
    except Outdated:
        told = _(
            "This was changed elsewhere in the meantime; here is how it is now. Change it again if you still want to."
        )
        messages.warning(request, told, fail_silently=True)
    except ValidationError as error:
        problems = {name: _told(name, " ".join(words)) for name, words in error.message_dict.items()}
        return _shown(request, person, problems=problems, status=400)
    else:
        messages.success(request, _("Saved. It counts from now on, also for what is held for you."), fail_silently=True)
    return _back(f"#{section}")


def _sent_now(request: HttpRequest, person: Recipient) -> HttpResponse:
    """What is held leaves with the next release, in a second or two."""
    count = send_now(person, by=By(str(person), Via.PAGE, address_of(request)), now=db_now())
    told = ngettext("%d message is on its way.", "%d messages are on their way.", count) % count
    messages.success(request, told if count else _("Nothing is held for you any more."), fail_silently=True)
    return _back()


def _back(place: str = "") -> HttpResponse:
    response = redirect(f"{reverse('preferences')}{place}")
    response.status_code = 303
    return response


def _told(name: str, problem: str) -> str:
    """With the name of its field, where it has one."""
    label = FIELDS.get(name)
    return f"{label}: {problem}" if label else problem


def _shown(
    request: HttpRequest, person: Recipient, *, problems: Mapping[str, str] | None = None, status: int = 200
) -> HttpResponse:
    """With what was typed still there, where there was a problem with it."""
    typed = request.POST if problems else None
    context = {"shown": shown(person, now=db_now(), typed=typed), "problems": problems or {}}
    test = request.GET.get("test", "")
    context |= {"test": test, "trials": trials(person, test)}
    return render(request, "notifyhub/preferences/settings.html", context, status=status)
