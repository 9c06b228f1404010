"""Who may use the playground and follow runs: those who run a tenant, the site's staff, and in a demo everybody."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from notifications.edges import Principal, principal_of

from .sign_in import demo_is_on


def for_playground(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Call `view(request, principal, …)` with somebody who may trigger for their tenant from a page."""

    @wraps(view)
    @login_required
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        principal = principal_of(request)
        if principal is None:
            return render(request, "notifyhub/notifications/nobody.html", {"tenant": None}, status=403)
        if not may_play(request, principal):
            why = _("The playground sends real notifications, so it is open to the owners and admins of %(tenant)s.")
            raise PermissionDenied(why % {"tenant": principal.tenant.name})
        return view(request, principal, *args, **kwargs)

    return checked


def may_play(request: HttpRequest, principal: Principal) -> bool:
    is_staff = request.user.is_authenticated and request.user.is_staff
    return principal.runs_the_tenant or is_staff or demo_is_on()
