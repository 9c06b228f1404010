"""`silences/` and `inhibitions/`: what is not sent, since when and until when; and what one would hit."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from notifications.api.fields import StrictSerializer
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
    InhibitionChangesSerializer,
    InhibitionPageSerializer,
    InhibitionSerializer,
    NewInhibitionSerializer,
    NewSilenceSerializer,
    OverQuery,
    SilenceChangesSerializer,
    SilencePageSerializer,
    SilenceSerializer,
)


class NewestFirst(Pages):
    ordering = "-id"


_LISTED = [
    OpenApiParameter("cursor", str),
    OpenApiParameter("limit", int),
    OpenApiParameter("over", bool, description="Those that have ended, or those that have not; all, if left out"),
]
_DAYS = [OpenApiParameter("days", int, description=f"How far to look back: 1 to {DAYS_MAX}, {DAYS} if left out")]


class _Route(HubView):
    permission_classes = [HasScope]
    scope = Scope.ADMIN
    read_scope = Scope.READ
    inhibition = False

    def listed(self, request: Request) -> Response:
        asked, now = OverQuery(data=request.query_params.dict()), db_now()
        asked.is_valid(raise_exception=True)
        over, tenant = asked.validated_data["over"], principal(request).tenant
        rows = silences.silences_of(tenant).filter(while_active__isnull=not self.inhibition)
        if over is not None:
            open_ones = silences.open_ones(tenant.pk, now=now).values("pk")
            rows = rows.exclude(pk__in=open_ones) if over else rows.filter(pk__in=open_ones)
        pages = NewestFirst()
        found = pages.paginate_queryset(rows.select_related("tenant", "replaces"), request, view=self) or []
        return pages.get_paginated_response(self.shape(found, many=True, context={"now": now}).data)

    def said(self, serializer: type[StrictSerializer], request: Request) -> dict[str, Any]:
        asked = serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        return dict(asked.validated_data)

    def created(self, request: Request, given: dict[str, Any]) -> Response:
        row = silences.create(
            principal(request).tenant, Hush.from_json(given), now=db_now(), by=who(principal(request))
        )
        return self.shown(row, status.HTTP_201_CREATED)

    def changed(self, row: Silence, request: Request, given: dict[str, Any]) -> Response:
        said = {**silences.hush_of(row).to_json(), **given}
        changes = Hush.from_json(said).__dict__
        return self.shown(silences.change(row, now=db_now(), by=who(principal(request)), **changes))

    def expired(self, row: Silence, request: Request) -> Silence:
        return silences.expire(row, now=db_now(), by=who(principal(request)))

    def foreseen(self, request: Request, hush: Hush) -> Response:
        asked = DaysQuery(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        found = preview(principal(request).tenant, hush, now=db_now(), days=asked.validated_data["days"])
        return Response(HitsSerializer(found.to_json()).data)

    def shown(self, row: Silence, code: int = status.HTTP_200_OK) -> Response:
        return Response(self.shape(row, context={"now": db_now()}).data, status=code)

    def shape(self, *args: Any, **given: Any) -> SilenceSerializer:
        return (InhibitionSerializer if self.inhibition else SilenceSerializer)(*args, **given)

    def one(self, request: Request, public_id: UUID) -> Silence:
        row = silences.find(principal(request).tenant, public_id, inhibition=self.inhibition)
        if row is None:
            raise NotFound
        return row


class SilencesView(_Route):
    @extend_schema(operation_id="silences_list", parameters=_LISTED, responses=SilencePageSerializer)
    def get(self, request: Request) -> Response:
        """The tenant's silences, the newest first; those that have ended too."""
        return self.listed(request)

    @extend_schema(
        operation_id="silences_create", request=NewSilenceSerializer, responses={201: SilenceSerializer, **REFUSED}
    )
    def post(self, request: Request) -> Response:
        """Do not send what fits, from now or its start on. What is not sent is on record with the silence's name."""
        return self.created(request, self.said(NewSilenceSerializer, request))


class SilenceView(_Route):
    @extend_schema(operation_id="silences_retrieve", responses=SilenceSerializer)
    def get(self, request: Request, public_id: UUID) -> Response:
        """One silence."""
        return self.shown(self.one(request, public_id))

    @extend_schema(
        operation_id="silences_change",
        request=SilenceChangesSerializer,
        responses={200: SilenceSerializer, **REFUSED},
    )
    def patch(self, request: Request, public_id: UUID) -> Response:
        """End it and begin another that says this; the answer is the new one, with an id of its own."""
        return self.changed(self.one(request, public_id), request, self.said(SilenceChangesSerializer, request))

    @extend_schema(operation_id="silences_delete", responses={204: None, **REFUSED})
    def delete(self, request: Request, public_id: UUID) -> Response:
        """End it now. It stays on record."""
        self.expired(self.one(request, public_id), request)
        return Response(status=status.HTTP_204_NO_CONTENT)


class SilenceExpireView(_Route):
    @extend_schema(operation_id="silences_expire", request=None, responses={200: SilenceSerializer, **REFUSED})
    def post(self, request: Request, public_id: UUID) -> Response:
        """End it now."""
        return self.shown(self.expired(self.one(request, public_id), request))


class SilencePreviewView(_Route):
    @extend_schema(
        operation_id="silences_preview",
        parameters=_DAYS,
        request=NewSilenceSerializer,
        responses={200: HitsSerializer, **REFUSED},
    )
    def post(self, request: Request) -> Response:
        """What such a silence would hit: of the runs of the last days, and of who waits now. Nothing is kept."""
        return self.foreseen(request, Hush.from_json(self.said(NewSilenceSerializer, request)))


class InhibitionsView(_Route):
    inhibition = True

    @extend_schema(operation_id="inhibitions_list", parameters=_LISTED, responses=InhibitionPageSerializer)
    def get(self, request: Request) -> Response:
        """The tenant's inhibitions, the newest first; those that have ended too."""
        return self.listed(request)

    @extend_schema(
        operation_id="inhibitions_create",
        request=NewInhibitionSerializer,
        responses={201: InhibitionSerializer, **REFUSED},
    )
    def post(self, request: Request) -> Response:
        """Do not send what fits while such a run is active."""
        return self.created(request, self.said(NewInhibitionSerializer, request))


class InhibitionView(_Route):
    inhibition = True

    @extend_schema(operation_id="inhibitions_retrieve", responses=InhibitionSerializer)
    def get(self, request: Request, public_id: UUID) -> Response:
        """One inhibition."""
        return self.shown(self.one(request, public_id))

    @extend_schema(
        operation_id="inhibitions_change",
        request=InhibitionChangesSerializer,
        responses={200: InhibitionSerializer, **REFUSED},
    )
    def patch(self, request: Request, public_id: UUID) -> Response:
        """End it and begin another that says this; the answer is the new one, with an id of its own."""
        return self.changed(self.one(request, public_id), request, self.said(InhibitionChangesSerializer, request))

    @extend_schema(operation_id="inhibitions_delete", responses={204: None, **REFUSED})
    def delete(self, request: Request, public_id: UUID) -> Response:
        """End it now. It stays on record."""
        self.expired(self.one(request, public_id), request)
        return Response(status=status.HTTP_204_NO_CONTENT)


class InhibitionExpireView(_Route):
    inhibition = True

    @extend_schema(operation_id="inhibitions_expire", request=None, responses={200: InhibitionSerializer, **REFUSED})
    def post(self, request: Request, public_id: UUID) -> Response:
        """End it now."""
        return self.shown(self.expired(self.one(request, public_id), request))


class InhibitionPreviewView(_Route):
    inhibition = True

    @extend_schema(
        operation_id="inhibitions_preview",
        parameters=_DAYS,
        request=NewInhibitionSerializer,
        responses={200: HitsSerializer, **REFUSED},
    )
    def post(self, request: Request) -> Response:
        """What such an inhibition would hit: runs of the last days that started while such a run was active, and who
        waits now. Nothing is kept."""
        return self.foreseen(request, Hush.from_json(self.said(NewInhibitionSerializer, request)))
