"""The page that shows what a workflow or template would say, each mail in a frame in which nothing can run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.contrib.admin import ModelAdmin
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse

from channels_delivery.chat.drawn import drawn
from notifications.kinds import kinds

from ..preview import Shown

POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"


def preview_page(
    page: ModelAdmin[Any], request: HttpRequest, shown: Sequence[Shown], context: dict[str, Any]
) -> HttpResponseBase:
    """All of them, or with `?html=1` the HTML of one, for its frame."""
    wanted = request.GET.get("html")
    if wanted is not None:
        if not (wanted.isascii() and wanted.isdigit() and int(wanted[:4]) < len(shown)):
            raise Http404
        html = shown[int(wanted)].parts.get("html", "")
        return HttpResponse(html, headers={"Content-Security-Policy": POLICY, "X-Frame-Options": "SAMEORIGIN"})
    rows = [_row(place, one) for place, one in enumerate(shown)]
    said = {**page.admin_site.each_context(request), "opts": page.opts, "media": page.media, "shown": rows, **context}
    return TemplateResponse(request, "notifyhub/workflows/admin/preview.html", said)


def _row(place: int, one: Shown) -> dict[str, Any]:
    known = kinds()
    parts = [
        (name, value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False))
        for name, value in one.parts.items()
        if name != "html" and value
    ]
    return {
        "place": place,
        "channel": known[one.channel].name if one.channel in known else one.channel,
        "content": one.content,
        "locale": one.locale,
        "problem": one.problem,
        "parts": parts,
        "measures": [f"{name}: {count}" for name, count in one.measures.items()],
        "drawn": drawn(one.channel, one.parts),
        "has_html": bool(one.parts.get("html")),
    }
