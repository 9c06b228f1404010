"""The page on which people turn pushes on and off in their browser."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from notifications.models import Recipient
from notifications.web.access import for_person


@never_cache
@require_safe
@ensure_csrf_cookie
@for_person
def page(request: HttpRequest, person: Recipient) -> HttpResponse:
    return render(request, "devices.html", {"person": person})
