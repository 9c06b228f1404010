"""`workflows/{key}/versions/`: what is put in force, taken out, compared, and gone back to."""

from __future__ import annotations

from dataclasses import asdict

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from notifications.api.permissions import principal
from notifications.kernel.clock import db_now

from .. import dynamic
from ..design import Design
from ..models import WorkflowVersion
from ..versions import diff
from .own import WorkflowRoute, number, own, shown, who
from .shapes import (
    REFUSED,
    DiffSerializer,
    OneWorkflowSerializer,
    PublishSerializer,
    RollbackSerializer,
    VersionSerializer,
    VersionsSerializer,
)


class PublishView(WorkflowRoute):
    @extend_schema(
        operation_id="workflows_publish", request=PublishSerializer, responses={200: VersionSerializer, **REFUSED}
    )
    def post(self, request: Request, key: str) -> Response:
        """Put the draft in force. Runs that are under way keep the version that they started with."""
        row = own(request, key)
        asked = PublishSerializer(data=request.data or {})
        asked.is_valid(raise_exception=True)
        made = dynamic.publish(row, now=db_now(), by=who(principal(request)), note=asked.validated_data["note"])
        return Response(VersionSerializer(made).data)


class ArchiveView(WorkflowRoute):
    @extend_schema(operation_id="workflows_archive", request=None, responses={200: OneWorkflowSerializer, **REFUSED})
    def post(self, request: Request, key: str) -> Response:
        """Take it out of force. A static workflow of the same key is in force again."""
        return Response(shown(dynamic.archive(own(request, key))))


class VersionsView(WorkflowRoute):
    @extend_schema(operation_id="workflows_versions", responses=VersionsSerializer)
    def get(self, request: Request, key: str) -> Response:
        """Every version that was ever in force, the latest first; at most 500."""
        row = own(request, key)
        versions = WorkflowVersion.objects.filter(tenant=row.tenant_id, workflow=row).order_by("-number")[:500]
        return Response({"results": VersionSerializer(versions, many=True).data})


class DiffView(WorkflowRoute):
    @extend_schema(
        operation_id="workflows_diff",
        parameters=[
            OpenApiParameter("from", int, required=True, description="A version"),
            OpenApiParameter("to", int, description="Another; the draft, unless given"),
        ],
        responses={200: DiffSerializer, **REFUSED},
    )
    def get(self, request: Request, key: str) -> Response:
        """What differs between two versions, or between a version and the draft."""
        row = own(request, key)
        before, after = number(request, "from"), number(request, "to")
        if before is None:
            raise serializers.ValidationError({"from": "Name a version by its number."})
        old = dynamic.body_of(dynamic.version(row, before))
        new = Design.of(row).body(row.key) if after is None else dynamic.body_of(dynamic.version(row, after))
        changes = [{"verb": one.verb, **asdict(one)} for one in diff(old, new)]
        return Response({"changes": changes})


class RollbackView(WorkflowRoute):
    @extend_schema(
        operation_id="workflows_rollback", request=RollbackSerializer, responses={200: VersionSerializer, **REFUSED}
    )
    def post(self, request: Request, key: str) -> Response:
        """Put an old version in force again, as a new one; the draft says the same then."""
        row = own(request, key)
        asked = RollbackSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        made = dynamic.rollback(row, given["version"], now=db_now(), by=who(principal(request)), note=given["note"])
        return Response(VersionSerializer(made).data)
