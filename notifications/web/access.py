"""Who may open a page of the notification centre: a person of a tenant. Anybody else is told what to do."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ..edges import principal_of
from ..models import Recipient

View = Callable[..., HttpResponse]


def for_person(view: Callable[..., HttpResponse]) -> View:
    """Call `view(request, person, …)` with the signed-in user's person in the tenant they look at."""

    @wraps(view)
    @login_required
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
