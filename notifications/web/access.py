"""Who may open a page of the notification centre: a person of a tenant. Anybody else is told what to do."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from ..edges import principal_of
from ..models import Recipient

View = Callable[..., HttpResponse]


def signed_in(view: View) -> View:
    """Somebody has to sign in first. A form that says on which page it stood leads back there: where it was sent to,
    nobody can look."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "next" in request.POST and not request.user.is_authenticated:
            return redirect_to_login(next_of(request))
        return login_required(view)(request, *args, **kwargs)

    return checked


def next_of(request: HttpRequest) -> str:
    """Where the form was, if that is a page of ours."""
    asked = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(asked, allowed_hosts=None, require_https=request.is_secure())
    return asked if asked and ours else reverse("inbox")


def for_person(view: Callable[..., HttpResponse]) -> View:
    """Call `view(request, person, …)` with the signed-in user's person in the tenant they look at."""

    @wraps(view)
    @signed_in
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        principal = principal_of(request)
        if principal is None or principal.recipient is None:
            context = {"tenant": principal.tenant if principal else None}
            return render(request, "notifyhub/notifications/nobody.html", context, status=403)
        return view(request, principal.recipient, *args, **kwargs)

    return checked


def person_of(request: HttpRequest) -> Recipient | None:
    """The person behind the request, if it is one."""
    principal = principal_of(request)
    return principal.recipient if principal else None
