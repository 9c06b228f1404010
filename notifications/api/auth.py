"""Who calls the API: a tenant's server by its key, or a person by their Django session. Never both in one request."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from ..edges import Principal, principal_of, principal_of_key


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


class _SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = TenantSessionAuthentication
    name = "Session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "A signed-in person, with CSRF"}
