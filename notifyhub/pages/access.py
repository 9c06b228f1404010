"""Who may use the playground, follow runs and look at what was sent: those who run a tenant, the site's staff, and in a
demo everybody. Each sees what is of their own tenant; a superuser, who runs the site, sees what was sent of all."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from notifications.edges import Principal, principal_of
from notifications.models import Recipient, Tenant
from workflows.models import Run

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


def for_watchers(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Call `view(request, tenant, …)` with somebody who may look at what was sent of that tenant; with None for a
    superuser: they may look at everybody's, and at what is no tenant's."""

    @wraps(view)
    @login_required
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if runs_the_site(request):
            return view(request, None, *args, **kwargs)
        principal = principal_of(request)
        if principal is None:
            return render(request, "notifyhub/notifications/nobody.html", {"tenant": None}, status=403)
        if not may_play(request, principal):
            why = _("This shows what was sent to everybody, so it is open to the owners and admins of %(tenant)s.")
            raise PermissionDenied(why % {"tenant": principal.tenant.name})
        tenant: Tenant = principal.tenant
        return view(request, tenant, *args, **kwargs)

    return checked


def watched(viewer: Tenant | None, slug: str, *, why: str) -> Tenant:
    """The tenant of that name, if it is the viewer's own; None may look at any. Raises Http404 with `why`."""
    if viewer is not None and viewer.slug == slug:
        return viewer
    tenant = Tenant.objects.filter(slug=slug, active=True).first() if viewer is None else None
    if tenant is None:
        raise Http404(why)
    return tenant


def also_watched(viewer: Tenant | None) -> list[Tenant]:
    """The tenants that whoever runs the site may choose from; nobody else has a choice."""
    return [] if viewer else list(Tenant.objects.filter(active=True).order_by("pk")[:20])


def runs_the_site(request: HttpRequest) -> bool:
    return bool(request.user.is_active and request.user.is_superuser)


def may_play(request: HttpRequest, principal: Principal) -> bool:
    is_staff = request.user.is_authenticated and request.user.is_staff
    return principal.runs_the_tenant or is_staff or demo_is_on()


def run_watched_by(person: Recipient, transaction_id: str) -> UUID | None:
    """For the socket: the public id of a run of this person's tenant that the site's pages let them follow, beyond whom
    the workflows let."""
    is_staff = person.user is not None and person.user.is_staff
    if not (is_staff or demo_is_on()):
        return None
    mine = Run.objects.filter(tenant=person.tenant_id, transaction_id=transaction_id)
    return mine.values_list("public_id", flat=True).first()
