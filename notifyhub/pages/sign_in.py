"""Signing in and out; and, with the demo data, as one of its people with one click."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate, get_user_model, login
from django.contrib.auth.views import LoginView, LogoutView
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from notifyhub import demo
from notifyhub.demo_story import GLOBEX, NORTHWIND


@dataclass(frozen=True)
class DemoPerson:
    username: str
    name: str
    what: str
    company: str


class SignIn(LoginView):
    template_name = "sign_in.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs, demo_people=demo_people())


class SignOut(LogoutView):
    pass


@sensitive_post_parameters()
@require_POST
def sign_in_as(request: HttpRequest) -> HttpResponse:
    """With the demo's own password: who has another one is not let in. There is no such page on a real site."""
    if not demo_is_on():
        raise Http404
    user = authenticate(request, username=request.POST.get("username", ""), password=demo.PASSWORD)
    if user is None:
        raise Http404(_("That is not one of the demo people."))
    login(request, user)
    asked = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(asked, allowed_hosts=None, require_https=request.is_secure())
    return redirect(asked if asked and ours else settings.LOGIN_REDIRECT_URL)


def demo_is_on() -> bool:
    return bool(settings.NOTIFYHUB_DEMO)


def demo_people() -> list[DemoPerson]:
    """Those who may be tried out, if this is a demo and they are there."""
    if not demo_is_on():
        return []
    people = [
        *(DemoPerson(one.first, one.name, one.title, "Northwind Robotics") for one in NORTHWIND[:4]),
        *(DemoPerson(one.first, one.name, one.title, "Globex") for one in GLOBEX[1:2]),
        DemoPerson(demo.OPERATOR, "Olga Operator", _("runs this site"), ""),
    ]
    field = get_user_model().USERNAME_FIELD
    there = set(
        get_user_model()
        .objects.filter(**{f"{field}__in": [one.username for one in people], "is_active": True})
        .values_list(field, flat=True)
    )
    return [one for one in people if one.username in there]
