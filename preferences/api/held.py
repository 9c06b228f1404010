"""`preferences/held/`: what waits for the person who asks, until when and why."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from notifications.api.permissions import IsPerson, person, principal
from notifications.api.views import HubView, Pages

from .. import holding
from ..models import Hold
from .shapes import HeldPageSerializer


class HeldView(HubView):
    permission_classes = [IsPerson]

    @extend_schema(operation_id="preferences_held", responses=HeldPageSerializer)
    def get(self, request: Request) -> Response:
        """Messages that are held for you, in the order in which they came. To have one sooner, change what holds it, or
        end the snooze: it is decided again at once."""
        pages = Pages()
        rows = holding.of_person(person(request).pk, tenant_id=principal(request).tenant.pk)
        found: list[Hold] = pages.paginate_queryset(rows, request, view=self) or []
        return pages.get_paginated_response([_said(one) for one in found])


def _said(hold: Hold) -> dict[str, Any]:
    words = hold.words
    return {
        "channel": words.kind,
        "workflow": words.workflow,
        "category": words.category,
        "title": words.content.get("title", ""),
        "reason": hold.reason,
        "since": hold.since,
        "until": hold.until,
    }
