"""`silences/`: what is not sent, since when and until when; and what one would hit."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from notifications.api.permissions import HasScope, principal
from notifications.api.views import HubView, Pages
from notifications.kernel.clock import db_now
from notifications.models import Scope

from .. import silences
from ..hush import Hush
from ..models import Silence
from ..silence_preview import DAYS, DAYS_MAX, preview
from .own import who
from .shapes import REFUSED
from .silence_shapes import (
    DaysQuery,
    HitsSerializer,
    NewSilenceSerializer,
    SilenceChangesSerializer,
    SilencePageSerializer,
    SilenceSerializer,
    SilencesQuery,
)


class NewestFirst(Pages):
    ordering = "-id"


class _SilenceRoute(HubView):
    permission_classes = [HasScope]
    scope = Scope.ADMIN
    read_scope = Scope.READ


class SilencesView(_SilenceRoute):
    @extend_schema(
        operation_id="silences_list",
        parameters=[
            OpenApiParameter("cursor", str),
            OpenApiParameter("limit", int),
            OpenApiParameter("over", bool, description="Those that have ended, or those that have not"),
            OpenApiParameter("inhibitions", bool, description="Only inhibitions, or only silences"),
        ],
        responses=SilencePageSerializer,
    )
    def get(self, request: Request) -> Response:
        """The tenant's silences and inhibitions, the newest first; those that have ended too."""
        asked, now = SilencesQuery(data=request.query_params.dict()), db_now()
        asked.is_valid(raise_exception=True)
        over, inhibitions = (asked.validated_data[name] for name in ("over", "inhibitions"))
        tenant = principal(request).tenant
        rows = silences.silences_of(tenant)
        if inhibitions is not None:
            rows = rows.filter(while_active__isnull=not inhibitions)
        if over is not None:
            not_over = silences.open_ones(tenant.pk, now=now).values("pk")
            rows = rows.exclude(pk__in=not_over) if over else rows.filter(pk__in=not_over)
        pages = NewestFirst()
        found = pages.paginate_queryset(rows.select_related("tenant", "replaces"), request, view=self) or []
        return pages.get_paginated_response(SilenceSerializer(found, many=True, context={"now": now}).data)

    @extend_schema(
        operation_id="silences_create", request=NewSilenceSerializer, responses={201: SilenceSerializer, **REFUSED}
    )
    def post(self, request: Request) -> Response:
        """Do not send what fits, from now or its start on; what is not sent is on record with its name. With
        `while_active`, only while such a run is active."""
        asked = NewSilenceSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        hush, caller = Hush.from_json(asked.validated_data), principal(request)
        return _shown(silences.create(caller.tenant, hush, now=db_now(), by=who(caller)), status.HTTP_201_CREATED)


class SilenceView(_SilenceRoute):
    @extend_schema(operation_id="silences_retrieve", responses=SilenceSerializer)
    def get(self, request: Request, public_id: UUID) -> Response:
        """One of them."""
        return _shown(_silence(request, public_id))

    @extend_schema(
        operation_id="silences_change",
        request=SilenceChangesSerializer,
        responses={200: SilenceSerializer, **REFUSED},
    )
    def patch(self, request: Request, public_id: UUID) -> Response:
        """End it and begin another that says this; the answer is the new one, with an id of its own."""
        row = _silence(request, public_id)
        asked = SilenceChangesSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        said = Hush.from_json({**silences.hush_of(row).to_json(), **asked.validated_data})
        return _shown(silences.change(row, now=db_now(), by=who(principal(request)), **said.__dict__))


class SilenceExpireView(_SilenceRoute):
    @extend_schema(operation_id="silences_expire", request=None, responses={200: SilenceSerializer, **REFUSED})
    def post(self, request: Request, public_id: UUID) -> Response:
        """End it now. It stays on record; what it kept back is not made up for."""
        row = _silence(request, public_id)
        return _shown(silences.expire(row, now=db_now(), by=who(principal(request))))


class SilencePreviewView(_SilenceRoute):
    scope = Scope.READ

    @extend_schema(
        operation_id="silences_preview",
        parameters=[OpenApiParameter("days", int, description=f"How far to look back: 1 to {DAYS_MAX}; {DAYS}")],
        request=NewSilenceSerializer,
        responses={200: HitsSerializer, **REFUSED},
    )
    def post(self, request: Request) -> Response:
        """What such a silence or inhibition would hit: of the runs of the last days, and of who waits now. Nothing is
        kept."""
        asked, query = NewSilenceSerializer(data=request.data), DaysQuery(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        query.is_valid(raise_exception=True)
        hush, tenant = Hush.from_json(asked.validated_data), principal(request).tenant
        found = preview(tenant, hush, now=db_now(), days=query.validated_data["days"])
        return Response(HitsSerializer(found.to_json()).data)


def _shown(row: Silence, code: int = status.HTTP_200_OK) -> Response:
    return Response(SilenceSerializer(row, context={"now": db_now()}).data, status=code)


def _silence(request: Request, public_id: UUID) -> Silence:
    row = silences.find(principal(request).tenant, public_id)
    if row is None:
        raise NotFound
    return row
