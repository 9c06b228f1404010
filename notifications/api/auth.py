"""Who calls the API: a tenant's server by its key, or a person by their Django session. Never both in one request."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from ..edges import Principal, principal_of, principal_of_key, principal_of_token


def bearer(request: Request) -> str:
    """The token of `Authorization: Bearer …`, or nothing."""
    scheme, _, token = get_authorization_header(request).decode("latin-1").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Api-Key nh_live_…`. `request.auth` is the Principal."""

    keyword = "Api-Key"

    def authenticate(self, request: Request) -> tuple[Any, Principal] | None:
        scheme, _, plain = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != self.keyword.lower():
            return None
        principal = principal_of_key(plain.strip())
        if principal is None:
            raise AuthenticationFailed("This API key is not valid: unknown, expired or revoked.")
        return None, principal

    def authenticate_header(self, request: Request) -> str:
        return self.keyword


class WidgetAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`: a widget that acts as one person. `request.auth` is the Principal."""

    keyword = "Bearer"

    def authenticate(self, request: Request) -> tuple[Any, Principal] | None:
        token = bearer(request)
        if not token:
            return None
        principal = principal_of_token(token)
        if principal is None:
            raise AuthenticationFailed("This token is not valid: expired, or its key or person are gone. Mint another.")
        return None, principal

    def authenticate_header(self, request: Request) -> str:
        return self.keyword


class TenantSessionAuthentication(SessionAuthentication):
    """The Django session, with CSRF. `request.auth` is the Principal, or None for a user without a tenant."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        found = super().authenticate(request)
        return (found[0], principal_of(request._request)) if found else None


class _ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = ApiKeyAuthentication
    name = "ApiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Api-Key <key>`, for a tenant's servers",
        }


class _WidgetScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = WidgetAuthentication
    name = "Widget"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "The token of a person's widget, short-lived"}


class _SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = TenantSessionAuthentication
    name = "Session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "A signed-in person, with CSRF"}
