"""`runs/`: follow, list and cancel what was triggered."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from notifications.api.fields import StrictSerializer
from notifications.api.permissions import HasScope, principal
from notifications.api.views import HubView, Pages
from notifications.models import Scope

from ..audience import UnknownRecipients, people_named
from ..models import Run
from ..refusals import BadRequest
from ..retract import cancel
from ..retract_for import cancel_for
from ..runs import deliveries, people, progress, runs_of
from .triggers import RecipientSerializer


class RunSerializer(serializers.Serializer[Any]):
    """One run. `status` is pending, processing, sent (everybody reached an end), failed or retracted."""

    id = serializers.UUIDField(source="public_id")
    transaction_id = serializers.CharField()
    workflow = serializers.CharField()
    definition = serializers.CharField(source="definition_id", help_text="The version it walks, by content hash")
    status = serializers.CharField(source="shown_status")
    digest = serializers.CharField(help_text="Of a run that carries digests: the step that collected them; else empty")
    people = serializers.IntegerField(help_text="How many were resolved so far")
    created_at = serializers.DateTimeField()
    start_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    cancelled_at = serializers.DateTimeField(allow_null=True)
    retracted_at = serializers.DateTimeField(allow_null=True)
    error = serializers.CharField()


class SentSerializer(serializers.Serializer[Any]):
    """One message to an address of theirs."""

    channel = serializers.CharField(source="kind")
    state = serializers.CharField()
    code = serializers.CharField(help_text="What kept it from arriving, if anything did")


class PersonSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="recipient.public_id")
    user = serializers.CharField(source="recipient.external_id")
    name = serializers.CharField(source="recipient.name")
    told = serializers.BooleanField()
    item = serializers.UUIDField(source="notification", allow_null=True)
    state = serializers.CharField()
    reason = serializers.CharField()
    detail = serializers.CharField()
    deliveries = SentSerializer(many=True)


class RunDetailSerializer(RunSerializer):
    payload = serializers.DictField()
    deliveries = serializers.SerializerMethodField(help_text="How many messages stand where, by channel and state")
    progress = serializers.SerializerMethodField()
    recipients = serializers.SerializerMethodField(help_text="The first 100, with what became of each")

    def get_deliveries(self, run: Run) -> list[dict[str, Any]]:
        return [{"channel": kind, "state": state, "count": n} for (kind, state), n in deliveries(run).items()]

    def get_progress(self, run: Run) -> dict[str, Any]:
        return progress(run).to_json()

    def get_recipients(self, run: Run) -> list[dict[str, Any]]:
        return list(PersonSerializer(people(run, limit=100), many=True).data)


class CancelSerializer(StrictSerializer):
    recipients = RecipientSerializer(  # type: ignore[call-arg]
        many=True, required=False, min_length=1, max_length=1_000, help_text="For these people alone, by user or id"
    )


class CancelledSerializer(serializers.Serializer[Any]):
    transaction_id = serializers.CharField()
    cancelled = serializers.IntegerField(help_text="People whose walk was stopped before its end")
    too_late = serializers.IntegerField(help_text="People who had reached theirs; their items are withdrawn")
    deliveries_cancelled = serializers.IntegerField(help_text="Messages that will not leave")
    deliveries_too_late = serializers.IntegerField(help_text="Messages that are under way or have left")


class RunPages(Pages):
    ordering = "-id"
    page_size = 20
    max_page_size = 100


class RunsView(HubView):
    permission_classes = [HasScope]
    scope = read_scope = Scope.READ

    @extend_schema(
        operation_id="runs_list",
        parameters=[
            OpenApiParameter("cursor", str),
            OpenApiParameter("limit", int),
            OpenApiParameter("workflow", str),
            OpenApiParameter("status", str, enum=["pending", "processing", "sent", "failed", "retracted"]),
        ],
        responses=RunSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """The tenant's runs, newest first."""
        runs = runs_of(principal(request).tenant).defer("payload", "audience")
        if workflow := request.query_params.get("workflow"):
            runs = runs.filter(workflow=workflow)
        match request.query_params.get("status"):
            case None | "":
                pass
            case "retracted":
                runs = runs.filter(cancelled_at__isnull=False)
            case wanted:
                runs = runs.filter(status=wanted, cancelled_at__isnull=True)
        pages = RunPages()
        found = pages.paginate_queryset(runs, request, view=self) or []
        return pages.get_paginated_response(RunSerializer(found, many=True).data)


class RunView(HubView):
    permission_classes = [HasScope]
    scope = read_scope = Scope.READ

    @extend_schema(operation_id="runs_retrieve", responses=RunDetailSerializer)
    def get(self, request: Request, transaction_id: str) -> Response:
        """One run: how far it is, and what became of its people."""
        run = runs_of(principal(request).tenant).filter(transaction_id=transaction_id).first()
        if run is None:
            raise NotFound
        return Response(RunDetailSerializer(run).data)


class CancelView(HubView):
    permission_classes = [HasScope]
    scope = read_scope = Scope.TRIGGER

    @extend_schema(operation_id="runs_cancel", request=CancelSerializer, responses=CancelledSerializer)
    def post(self, request: Request, transaction_id: str) -> Response:
        """Stop it, for all or for some. Once this is answered nothing more is sent to them; items in their inboxes are
        taken back."""
        asked = CancelSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        tenant, names = principal(request).tenant, asked.validated_data.get("recipients")
        if names is None:
            return Response(cancel(transaction_id, tenant=tenant).to_json())
        try:
            chosen = people_named(names, tenant=tenant)
        except UnknownRecipients as error:
            detail = "Some of these are not in this tenant; nothing was cancelled."
            raise BadRequest(detail, code="unknown_recipients", errors=error.names) from None
        return Response(cancel_for(transaction_id, tenant=tenant, recipients=chosen).to_json())
