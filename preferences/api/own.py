"""`preferences/`, `snooze/` and `history/`: what the person who asks has said, and saying it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError as Invalid
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from notifications.api.permissions import IsPerson, person, principal
from notifications.api.problems import ProblemSerializer, problem
from notifications.api.views import HubView, Pages
from notifications.kernel.clock import db_now
from notifications.kernel.local_time import zone_named, zone_of

from ..changing import By, change
from ..guessing import guess, may_guess
from ..models import Change, Via
from ..personal import Preferences, preferences_of
from ..warnings import warnings_of
from .shapes import (
    HistorySerializer,
    PreferencesActSerializer,
    PreferencesChangeSerializer,
    PreferencesSerializer,
    SnoozeSerializer,
)

_PROBLEM = "application/problem+json"
_REFUSED: dict[Any, Any] = {(status, _PROBLEM): ProblemSerializer for status in (400, 412, 428)}
_IF_MATCH = OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description="The ETag that was read")


class PreferencesView(HubView):
    permission_classes = [IsPerson]

    @extend_schema(operation_id="preferences_retrieve", responses=PreferencesSerializer)
    def get(self, request: Request) -> Response:
        """What you have said. The header `ETag` names this state of it."""
        return _shown(request, preferences_of(person(request)))

    @extend_schema(
        operation_id="preferences_put",
        parameters=[_IF_MATCH],
        request=PreferencesChangeSerializer,
        responses={200: PreferencesSerializer} | _REFUSED,
    )
    def put(self, request: Request) -> Response:
        """Say everything anew. Takes `If-Match` with the ETag of what you replace, so that two tabs do not overwrite
        each other: 412 when it was changed since, 428 without it."""
        if not request.headers.get("If-Match"):
            detail = "Send the ETag of what you have read as If-Match; PUT replaces everything."
            return problem(status=428, code="if_match_needed", detail=detail)
        return _change(request, replacing=True)

    @extend_schema(
        operation_id="preferences_patch",
        parameters=[_IF_MATCH],
        request=PreferencesChangeSerializer,
        responses={200: PreferencesSerializer} | _REFUSED,
    )
    def patch(self, request: Request) -> Response:
        """Say some of it anew; of `choices`, those that are named. With `If-Match`, only on that state."""
        return _change(request, replacing=False)


class SnoozeView(HubView):
    permission_classes = [IsPerson]

    @extend_schema(
        operation_id="preferences_snooze",
        request=SnoozeSerializer,
        responses={200: PreferencesSerializer, (400, _PROBLEM): ProblemSerializer},
    )
    def post(self, request: Request) -> Response:
        """Do not disturb until then, for eight days at most: what can wait is held, and your inbox fills quietly."""
        asked = SnoozeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        now, said = db_now(), asked.validated_data
        until = now + timedelta(minutes=said["minutes"]) if "minutes" in said else said["until"]
        return _answered(request, {"snooze_until": until}, renamed={"snooze_until": "until"})


class HistoryView(HubView):
    permission_classes = [IsPerson]

    @extend_schema(operation_id="preferences_history", responses=HistorySerializer)
    def get(self, request: Request) -> Response:
        """Who changed your preferences, when, and from where; the latest first."""
        pages = Pages()
        pages.ordering = "-id"
        rows = Change.objects.filter(tenant=principal(request).tenant, recipient=person(request))
        found = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(PreferencesActSerializer(found or [], many=True).data)


def _change(request: Request, *, replacing: bool) -> Response:
    asked = PreferencesChangeSerializer(data=request.data)
    asked.is_valid(raise_exception=True)
    said = _plain(asked.validated_data)
    matching = request.headers.get("If-Match")
    zone = said.pop("zone_guess", "")
    if zone and not said and not replacing and matching is None:
        return _guessed(request, zone)
    if zone and "zone" not in said and may_guess(person(request)) and zone_named(zone):
        said["zone"] = zone
    return _answered(request, said, matching=None if matching in (None, "*") else matching, replacing=replacing)


def _guessed(request: Request, zone: str) -> Response:
    """Nothing but a guess: it is kept as one."""
    guess(person(request), zone, via=Via.API, address=request.META.get("REMOTE_ADDR") or None, now=db_now())
    return _shown(request, preferences_of(person(request)))


def _answered(
    request: Request, said: dict[str, Any], *, renamed: dict[str, str] | None = None, **given: Any
) -> Response:
    me, caller = person(request), principal(request)
    by = By(str(caller.recipient or caller.role), Via.API, request.META.get("REMOTE_ADDR") or None)
    try:
        after = change(me, said, by=by, now=db_now(), **given)
    except Invalid as error:
        told = {(renamed or {}).get(name, name): " ".join(words) for name, words in error.message_dict.items()}
        raise ValidationError(told) from error
    return _shown(request, after)


def _shown(request: Request, said: Preferences) -> Response:
    me = person(request)
    zone = str(zone_of(said.zone, principal(request).tenant.zone))
    body = {**said.to_json(), "zone_in_force": zone, "warnings": warnings_of(me, said)}
    return Response(body, headers={"ETag": said.etag(), "Cache-Control": "no-store"})


def _plain(value: Any) -> Any:
    """What a serializer made, as plain JSON again: it hands over dicts of its own kind."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value
