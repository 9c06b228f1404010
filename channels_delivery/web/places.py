"""The page on which people add places of their own, prove them with a code, and take them away again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from notifications.kernel.clock import db_now
from notifications.models import Recipient
from notifications.web.access import for_person

from .. import endpoints
from ..backend import Backend
from ..own import places
from ..own.places import Added
from ..own.standing import standings
from ..refusals import NotFound, Refused

_LABELS: Mapping[str, Promise] = {
    "email": gettext_lazy("E-mail address"),
    "phone": gettext_lazy("Phone number, with its country: +49 151 2345678"),
    "url": gettext_lazy("Address of the webhook"),
}
_INPUTS: Mapping[str, Mapping[str, str]] = {
    "email": {"type": "email", "autocomplete": "email", "placeholder": "me@example.com"},
    "phone": {"type": "tel", "autocomplete": "tel", "placeholder": "+49 151 2345678"},
    "url": {"type": "url", "autocomplete": "off", "placeholder": "https://hooks.example.com/…"},
}


@dataclass(frozen=True)
class Choice:
    """A setting that is one of a few words."""

    name: str
    label: str
    hint: str
    words: Sequence[str]
    chosen: str


@dataclass(frozen=True)
class Form:
    """How a place of a kind is added. `typed` and `problems`: what somebody tried, and what is wrong with it."""

    kind: str
    name: str
    label: str
    input: Mapping[str, str]
    choices: Sequence[Choice]
    typed: QueryDict | None
    problems: Mapping[str, str]


@never_cache
@transaction.non_atomic_requests  # a wrong code counts, whatever becomes of the request
@require_http_methods(["GET", "HEAD", "POST"])
@for_person
def page(request: HttpRequest, person: Recipient) -> HttpResponse:
    if request.method != "POST":
        return _shown(request, person)
    act = _ACTS.get(request.POST.get("act", ""))
    if act is None:
        return _shown(request, person, problems={"": _("There is no such form on this page.")}, status=400)
    try:
        return act(request, person)
    except Refused as refused:
        problems = dict(refused.errors) or {"": refused.detail}
        return _shown(request, person, problems=problems, status=refused.status)


def _add(request: HttpRequest, person: Recipient) -> HttpResponse:
    given = request.POST
    settings = {name[8:]: value for name, value in given.items() if name.startswith("setting-") and value}
    added = places.add(
        person,
        given.get("kind", ""),
        given.get("address", ""),
        settings=settings,
        label=given.get("label", ""),
        now=db_now(),
    )
    if added.issued:  # shown this once, so not after a redirect
        return _shown(request, person, added=added)
    return _back(request, _("We sent a code there. Enter it, and you are told there too."))


def _verify(request: HttpRequest, person: Recipient) -> HttpResponse:
    places.verify(person, _id(request), request.POST.get("code", ""), now=db_now())
    return _back(request, _("That is it. From now on you are told there too."))


def _code(request: HttpRequest, person: Recipient) -> HttpResponse:
    places.send_code(person, _id(request), now=db_now())
    return _back(request, _("We sent another code there."))


def _remove(request: HttpRequest, person: Recipient) -> HttpResponse:
    endpoints.remove(person, _id(request), now=db_now(), devices=False)
    return _back(request, _("Nothing is sent there any more."))


_ACTS: Mapping[str, Callable[[HttpRequest, Recipient], HttpResponse]] = {
    "add": _add,
    "verify": _verify,
    "code": _code,
    "remove": _remove,
}


def _id(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("place", ""))
    except ValueError:
        raise NotFound(_("You have no such place.")) from None


def _back(request: HttpRequest, told: str) -> HttpResponse:
    messages.success(request, told, fail_silently=True)
    response = redirect(reverse("places"))
    response.status_code = 303
    return response


def _shown(
    request: HttpRequest,
    person: Recipient,
    *,
    added: Added | None = None,
    problems: Mapping[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Where there was a problem, with what was typed, beside the form that it was typed into."""
    tried, wrong = request.POST if problems else None, problems or {}
    adding = tried is not None and tried.get("act") == "add"
    forms = [_form(one, tried if adding else None, wrong) for one in places.addable(person.tenant_id)]
    placed = adding and any(one.typed for one in forms)
    at = str(tried.get("place", "")) if tried is not None and not adding else ""
    problem = next(iter(wrong.values()), "")
    rows = standings(person, places.listed(person))
    context: dict[str, Any] = {
        "person": person,
        "rows": rows,
        "names": {one.kind: one.name for one in forms},
        "forms": forms,
        "added": added,
        "at": at,
        "problem": problem,
        "loose": "" if placed or at in {str(one.endpoint.public_id) for one in rows} else problem,
    }
    return render(request, "notifyhub/channels_delivery/places.html", context, status=status)


def _form(backend: Backend, tried: QueryDict | None, wrong: Mapping[str, str]) -> Form:
    typed = tried if tried is not None and tried.get("kind") == backend.kind else None
    found = backend.own_settings.get("properties", {})
    choices = [_choice(name, schema, typed) for name, schema in found.items() if "enum" in schema]
    name, label = str(backend.name), str(_LABELS[backend.own])
    return Form(backend.kind, name, label, _INPUTS[backend.own], choices, typed, wrong if typed else {})


def _choice(name: str, schema: Mapping[str, Any], typed: QueryDict | None) -> Choice:
    said = typed.get(f"setting-{name}") if typed is not None else ""
    chosen = str(said or schema.get("default", ""))
    return Choice(name, _(schema.get("title", name)), _(schema["description"]), list(schema["enum"]), chosen)
