"""Who may call a route. A view says which scope it needs; the principal says which it has."""

from __future__ import annotations

from typing import Any, cast

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from ..edges import Principal
from ..models import Recipient, Scope


def principal(request: Request) -> Principal:
    """Who is calling. Only behind a permission of this module, which has made sure that there is somebody."""
    return cast(Principal, request.auth)


def person(request: Request) -> Recipient:
    """The person who is calling. Only behind `IsPerson`."""
    return cast(Recipient, principal(request).recipient)


class InTenant(BasePermission):
    """A principal of some tenant."""

    message = "Sign in as somebody of a tenant, or send an API key."

    def has_permission(self, request: Request, view: Any) -> bool:
        return isinstance(request.auth, Principal)


class IsPerson(InTenant):
    """A person with an inbox: not a server's key."""

    message = "This is about one person's inbox; a server's key has none."

    def has_permission(self, request: Request, view: Any) -> bool:
        return super().has_permission(request, view) and principal(request).recipient is not None


class HasScope(InTenant):
    """The scope that the view names as `scope`, or `read_scope` for safe methods; owners and admins have them all."""

    message = "Your credential does not have the scope for this."

    def has_permission(self, request: Request, view: Any) -> bool:
        needed = view.read_scope if request.method in ("GET", "HEAD", "OPTIONS") else view.scope
        return super().has_permission(request, view) and principal(request).may(needed or Scope.ADMIN)
