"""Pages of other origins that the site named may call the API with a token. Never with cookies: the browser is not told
that it may send any."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from ..conf import conf

_SECONDS = "600"


def preflight(request: HttpRequest) -> HttpResponse | None:
    """The answer to a browser that asks before it calls, if it may."""
    asks = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
    if not (asks and request.headers.get("Origin") in conf().live_origins):
        return None
    response = HttpResponse(status=204)
    response.headers["Access-Control-Allow-Methods"] = "GET, POST, DELETE"
    response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
    response.headers["Access-Control-Max-Age"] = _SECONDS
    return response


def let_read(request: HttpRequest, response: HttpResponseBase) -> None:
    """Let a page of a named origin read the answer."""
    if conf().live_origins:
        patch_vary_headers(response, ("Origin",))
    origin = request.headers.get("Origin")
    if origin in conf().live_origins:
        response.headers["Access-Control-Allow-Origin"] = origin
