"""The service worker that shows pushes. From below `/static/` it could not serve the pages of the site."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

_SOURCE = Path(__file__).resolve().parent.parent / "static" / "notifyhub" / "push-worker.js"


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """The script, asked for anew each time, so that a mended one counts at once."""
    answer = HttpResponse(_script(), content_type="text/javascript; charset=utf-8")
    answer.headers["Service-Worker-Allowed"] = "/"
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@cache
def _script() -> bytes:
    return _SOURCE.read_bytes()
