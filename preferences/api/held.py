"""`preferences/held/`: what waits for the person who asks, until when and why."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from notifications.api.permissions import IsPerson, person, principal
from notifications.api.views import HubView, Pages
from notifications.kernel.clock import db_now

from .. import holding
from ..changing import By
from ..models import Hold, Via
from ..sooner import send_now
from .shapes import HeldCountSerializer, HeldPageSerializer


class HeldView(HubView):
    permission_classes = [IsPerson]

    @extend_schema(operation_id="preferences_held", responses=HeldPageSerializer)
    def get(self, request: Request) -> Response:
        """Messages that are held for you, in the order in which they came. To have them sooner, POST to
        `held/send/`, or change what holds them: it is decided again at once."""
        pages = Pages()
        rows = holding.of_person(person(request).pk, tenant_id=principal(request).tenant.pk)
        found: list[Hold] = pages.paginate_queryset(rows, request, view=self) or []
        return pages.get_paginated_response([_said(one) for one in found])


class SendHeldView(HubView):
    permission_classes = [IsPerson]

    @extend_schema(operation_id="preferences_held_send", request=None, responses=HeldCountSerializer)
    def post(self, request: Request) -> Response:
        """Have all that is held for you sent at once, this once, whatever the hour. `count`: how many messages that is.
        What you have switched off stays unsent."""
        me = person(request)
        by = By(str(me), Via.API, request.META.get("REMOTE_ADDR") or None)
        return Response({"count": send_now(me, by=by, now=db_now())})


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
