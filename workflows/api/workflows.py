"""`workflows/`: a tenant's own workflows, from draft to version in force; and the static ones, to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from notifications.api.permissions import principal
from notifications.kernel.clock import db_now

from .. import dynamic, listing
from ..catalogue import in_force
from ..definition import Body
from ..design import Design
from ..flaws import Flaw
from ..listing import DYNAMIC, STATIC
from ..models import WorkflowStatus
from ..preview import preview
from ..step import Step
from ..steps import FOR_TENANTS, STEPS
from .own import WorkflowRoute, number, own, shown
from .previews import PreviewSerializer, ShownPageSerializer, checked, reader, shown_json
from .shapes import (
    REFUSED,
    FindingsSerializer,
    NewWorkflowSerializer,
    OneWorkflowSerializer,
    WorkflowChangesSerializer,
    WorkflowPageSerializer,
    WorkflowSerializer,
)

PAGE, PAGE_MAX = 50, 200


class WorkflowsView(WorkflowRoute):
    @extend_schema(
        operation_id="workflows_list",
        parameters=[
            OpenApiParameter("cursor", str),
            OpenApiParameter("limit", int),
            OpenApiParameter("origin", str, enum=[STATIC, DYNAMIC]),
            OpenApiParameter("status", str, enum=WorkflowStatus.values),
        ],
        responses=WorkflowPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """All workflows of the tenant by key, static ones among them."""
        query, limit = request.query_params, _limit(request)
        found = listing.workflows_of(
            principal(request).tenant,
            after=query.get("cursor", ""),
            limit=limit + 1,
            origin=query.get("origin", ""),
            status=query.get("status", ""),
        )
        more = found[limit - 1].place if len(found) > limit else None
        return Response(
            {
                "next": _next(request, more) if more else None,
                "previous": None,
                "results": WorkflowSerializer(found[:limit], many=True).data,
            }
        )

    @extend_schema(
        operation_id="workflows_create",
        request=NewWorkflowSerializer,
        responses={201: OneWorkflowSerializer, **REFUSED},
    )
    def post(self, request: Request) -> Response:
        """Begin a draft. It may be unfinished; nothing can be triggered before it is published."""
        asked = NewWorkflowSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = dict(asked.validated_data)
        row = dynamic.create(principal(request).tenant, given.pop("key"), Design(**given))
        return Response(shown(row), status=status.HTTP_201_CREATED)


class WorkflowView(WorkflowRoute):
    @extend_schema(operation_id="workflows_retrieve", responses=OneWorkflowSerializer)
    def get(self, request: Request, key: str) -> Response:
        """The tenant's own draft of this key, or the static workflow."""
        found = listing.find(principal(request).tenant, key)
        if found is None:
            raise NotFound
        return Response(OneWorkflowSerializer(found).data)

    @extend_schema(
        operation_id="workflows_change",
        request=WorkflowChangesSerializer,
        responses={200: OneWorkflowSerializer, **REFUSED},
    )
    def patch(self, request: Request, key: str) -> Response:
        """Change the draft. What is in force stays as it is until the draft is published."""
        row = own(request, key)
        asked = WorkflowChangesSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        return Response(shown(dynamic.change(row, **asked.validated_data)))

    @extend_schema(operation_id="workflows_delete", responses={204: None, **REFUSED})
    def delete(self, request: Request, key: str) -> Response:
        """Remove it with its versions; one that is in force has to be archived first. Its runs go on."""
        dynamic.delete(own(request, key))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ValidateView(WorkflowRoute):
    @extend_schema(
        operation_id="workflows_validate",
        request=WorkflowChangesSerializer,
        responses={200: FindingsSerializer, **REFUSED},
    )
    def post(self, request: Request, key: str) -> Response:
        """Whether the draft, with these changes to it, could be published. Nothing is kept."""
        found = listing.find(principal(request).tenant, key)
        if found is None:
            raise NotFound
        asked = WorkflowChangesSerializer(data=request.data or {})
        asked.is_valid(raise_exception=True)
        tried = dynamic.tried(found.key, found.design, **asked.validated_data)
        said = dynamic.inspect(tried, key=found.key, tenant=principal(request).tenant, steps=_kinds_of(found))
        return Response({"valid": not said.errors, "errors": _flaws(said.errors), "warnings": _flaws(said.warnings)})


class PreviewView(WorkflowRoute):
    @extend_schema(
        operation_id="workflows_preview",
        request=PreviewSerializer,
        responses={200: ShownPageSerializer, **REFUSED},
    )
    def post(self, request: Request, key: str) -> Response:
        """What each of its sends would say with the sample, or with the payload given. Nobody is told."""
        asked = PreviewSerializer(data=request.data or {})
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        body = _to_show(request, key, in_force_now=given["in_force"])
        found = preview(body, reader(request, given), payload=checked(given, body), now=db_now())
        return Response({"results": [shown_json(one) for one in found]})


def _to_show(request: Request, key: str, *, in_force_now: bool) -> Body:
    tenant = principal(request).tenant
    if in_force_now:
        now_in_force = in_force([key], tenant=tenant).get(key)
        if now_in_force is None:
            raise NotFound
        return now_in_force[1]
    found = listing.find(tenant, key)
    if found is None:
        raise NotFound
    return dynamic.showable(found.key, found.design, tenant=tenant, steps=_kinds_of(found))


def _kinds_of(found: listing.Listed) -> Mapping[str, Step]:
    """The kinds of steps that it may have: a static one may call functions of the host."""
    return STEPS if found.origin == STATIC else FOR_TENANTS


def _flaws(flaws: list[Flaw]) -> list[dict[str, str]]:
    return [asdict(flaw) for flaw in flaws]


def _limit(request: Request) -> int:
    wanted = number(request, "limit")
    return PAGE if wanted is None else min(max(wanted, 1), PAGE_MAX)


def _next(request: Request, place: str) -> str:
    query = request.query_params.copy()
    query["cursor"] = place
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
