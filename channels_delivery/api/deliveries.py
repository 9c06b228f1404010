"""`deliveries/`: what left, what did not and why, with every try; sending once more, and taking back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from notifications.api.fields import StrictSerializer
from notifications.api.permissions import HasScope, principal
from notifications.api.problems import ProblemSerializer
from notifications.api.views import HubView, Pages
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Scope, Tenant

from .. import channels, log, receipts
from ..confidential import is_confidential
from ..masking import masked
from ..models import ENDED_BADLY, Attempt, Delivery, Event, Receipt, State

_REFUSED: dict[Any, Any] = {(409, "application/problem+json"): ProblemSerializer}


class NamedSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()


class PersonSerializer(NamedSerializer):
    user = serializers.CharField(source="external_id")


class DeliverySerializer(serializers.Serializer[Any]):
    """One message to one address. Only who may change the tenant sees addresses; the long parts of URLs are cut."""

    id = serializers.UUIDField(source="public_id")
    status = serializers.CharField(source="state", help_text=f"One of {', '.join(State.values)}")
    kind = serializers.CharField()
    workflow = serializers.CharField(source="message.notice_key")
    channel = NamedSerializer(allow_null=True, help_text="None: the site's own, or a channel that was deleted")
    recipient = PersonSerializer(allow_null=True, help_text="None: a team, not a person")
    address = serializers.SerializerMethodField()
    run = serializers.UUIDField(source="origin", allow_null=True)
    attempts = serializers.IntegerField(source="attempt")
    code = serializers.CharField(help_text="Why the latest try failed")
    waits_because = serializers.CharField(source="wait_reason")
    due_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    replay_of = serializers.UUIDField(source="replay_of.public_id", allow_null=True, default=None)

    def get_address(self, delivery: Delivery) -> str | None:
        return masked(delivery.address) if self.context["admin"] else None


class DeliveryPageSerializer(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = DeliverySerializer(many=True)


class AttemptSerializer(serializers.Serializer[Any]):
    no = serializers.IntegerField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    duration_ms = serializers.SerializerMethodField()
    result = serializers.CharField(help_text="`retry`, or the state in which it ended")
    code = serializers.CharField()
    detail = serializers.SerializerMethodField(help_text="What the receiver said; only for who may change the tenant")

    def get_duration_ms(self, attempt: Attempt) -> int | None:
        if attempt.finished_at is None:
            return None
        return round((attempt.finished_at - attempt.started_at).total_seconds() * 1000)

    def get_detail(self, attempt: Attempt) -> str | None:
        return attempt.detail if self.context["admin"] else None


class ReceiptSerializer(serializers.Serializer[Any]):
    """What the provider told later. The delivery's own status stays what it was."""

    at = serializers.DateTimeField()
    event = serializers.ChoiceField(Event.choices)
    provider_id = serializers.CharField()
    detail = serializers.SerializerMethodField(help_text="In its words; only for who may change the tenant")

    def get_detail(self, receipt: Receipt) -> str | None:
        return receipt.detail if self.context["admin"] else None


class OneDeliverySerializer(DeliverySerializer):
    stable_id = serializers.UUIDField(help_text="The same in every try and every replay: receivers drop doubles by it")
    step = serializers.CharField(source="origin_step")
    revoked = serializers.BooleanField(help_text="Taken back while it was under way")
    tries = serializers.SerializerMethodField()
    receipts = serializers.SerializerMethodField(help_text="What the provider told later, the oldest first")
    replayed_by = serializers.SerializerMethodField()
    message = serializers.SerializerMethodField(
        help_text="What was sent; only for who may change the tenant, and for nobody where it brought somebody a code"
    )

    def get_address(self, delivery: Delivery) -> str | None:
        return delivery.address if self.context["admin"] else None

    def get_tries(self, delivery: Delivery) -> list[dict[str, Any]]:
        return list(AttemptSerializer(log.attempts_of(delivery), many=True, context=self.context).data)

    @extend_schema_field(ReceiptSerializer(many=True))
    def get_receipts(self, delivery: Delivery) -> list[dict[str, Any]]:
        told = receipts.of_deliveries([delivery.pk], tenant_id=delivery.tenant_id).get(delivery.pk, [])
        return list(ReceiptSerializer(told, many=True, context=self.context).data)

    def get_replayed_by(self, delivery: Delivery) -> list[UUID]:
        return [one.public_id for one in log.replays_of(delivery)]

    def get_message(self, delivery: Delivery) -> dict[str, Any] | None:
        if not self.context["admin"] or is_confidential(delivery.message):
            return None
        return {"parts": delivery.message.parts, "attachments": delivery.message.attachments}


class CancelledDeliverySerializer(OneDeliverySerializer):
    cancelled = serializers.BooleanField(help_text="False: it is under way, and is not tried again after this try")


class DeliveryFilterSerializer(StrictSerializer):
    status = serializers.ChoiceField(State.choices, required=False)
    channel = serializers.UUIDField(required=False)
    recipient = serializers.CharField(max_length=255, required=False, help_text="External id")
    run = serializers.UUIDField(required=False, help_text="The run's id")
    kind = serializers.CharField(max_length=32, required=False)
    workflow = serializers.CharField(max_length=100, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=100, required=False)
    cursor = serializers.CharField(max_length=200, required=False)


class ReplaySerializer(StrictSerializer):
    """Which to send once more, the oldest first. Those that were replayed before, or whose channel is paused or gone,
    are left out. `from` and `to` are when they ended."""

    status = serializers.ListField(child=serializers.ChoiceField(ENDED_BADLY), min_length=1, max_length=4)
    channel = serializers.UUIDField(required=False)
    kind = serializers.CharField(max_length=32, required=False)
    workflow = serializers.CharField(max_length=100, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=log.REPLAY_MAX, default=log.REPLAY_MAX)

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python."""
        times = {name: serializers.DateTimeField(required=False) for name in ("from", "to")}
        return {**super().get_fields(), **times}


class ReplayedSerializer(serializers.Serializer[Any]):
    replayed = serializers.IntegerField()


class DeliveryPages(Pages):
    ordering = "-id"
    page_size = 20
    max_page_size = 100


class _DeliveryView(HubView):
    permission_classes = [HasScope]
    scope = Scope.ADMIN
    read_scope = Scope.READ


class DeliveriesView(_DeliveryView):
    @extend_schema(
        operation_id="deliveries_list",
        parameters=[DeliveryFilterSerializer],
        responses=DeliveryPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """The tenant's deliveries, newest first."""
        asked = DeliveryFilterSerializer(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        pages, tenant = DeliveryPages(), principal(request).tenant
        filters = _filters(tenant, asked.validated_data)
        rows = log.deliveries_of(tenant, filters) if filters else Delivery.objects.none()
        found = pages.paginate_queryset(rows, request, view=self) or []
        return pages.get_paginated_response(DeliverySerializer(found, many=True, context=_context(request)).data)


class DeliveryView(_DeliveryView):
    @extend_schema(operation_id="deliveries_retrieve", responses=OneDeliverySerializer)
    def get(self, request: Request, public_id: UUID) -> Response:
        """One delivery, with every try."""
        return Response(_one(request, _delivery(request, public_id)))


class ReplayOneView(_DeliveryView):
    @extend_schema(
        operation_id="deliveries_replay_one", request=None, responses={201: OneDeliverySerializer, **_REFUSED}
    )
    def post(self, request: Request, public_id: UUID) -> Response:
        """Send it once more, as a new delivery under the same stable id. 409 says why it cannot be."""
        made = log.replay(_delivery(request, public_id), now=db_now())
        return Response(_one(request, _delivery(request, made.public_id)), status=status.HTTP_201_CREATED)


class CancelOneView(_DeliveryView):
    @extend_schema(
        operation_id="deliveries_cancel", request=None, responses={200: CancelledDeliverySerializer, **_REFUSED}
    )
    def post(self, request: Request, public_id: UUID) -> Response:
        """Take it back. One that is under way ends as what comes of it, and is not tried again."""
        delivery = _delivery(request, public_id)
        found = log.cancel(delivery, now=db_now())
        return Response({**_one(request, delivery), "cancelled": found.cancelled == 1})


class ReplayManyView(_DeliveryView):
    @extend_schema(operation_id="deliveries_replay", request=ReplaySerializer, responses=ReplayedSerializer)
    def post(self, request: Request) -> Response:
        """Send many once more, all or none; each way out keeps its rate. Call again until it answers 0."""
        asked = ReplaySerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        tenant, said = principal(request).tenant, dict(asked.validated_data)
        limit = said.pop("limit")
        filters = _filters(tenant, said)
        count = log.replay_many(tenant, filters, limit=limit, now=db_now()) if filters else 0
        return Response({"replayed": count})


def _filters(tenant: Tenant, said: dict[str, Any]) -> log.Filters | None:
    """None when what is named is not there: then nothing is chosen."""
    channel = recipient = None
    if named := said.get("channel"):
        channel = channels.find(tenant, named)
    if person := said.get("recipient"):
        recipient = Recipient.reachable.filter(tenant=tenant, external_id=person).first()
    if (named and channel is None) or (person and recipient is None):
        return None
    given = said.get("status", ())
    return log.Filters(
        states=[given] if isinstance(given, str) else list(given),
        channel=channel,
        recipient=recipient,
        run=said.get("run"),
        kind=said.get("kind", ""),
        workflow=said.get("workflow", ""),
        since=said.get("from"),
        until=said.get("to"),
    )


def _delivery(request: Request, public_id: UUID) -> Delivery:
    found = log.find(principal(request).tenant, public_id)
    if found is None:
        raise NotFound
    return found


def _context(request: Request) -> dict[str, Any]:
    return {"admin": principal(request).may(Scope.ADMIN)}


def _one(request: Request, delivery: Delivery) -> dict[str, Any]:
    return dict(OneDeliverySerializer(delivery, context=_context(request)).data)
