"""`runs/…/acknowledge/`: say that somebody has it in hand."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from notifications.api.fields import StrictSerializer
from notifications.api.permissions import InTenant, principal
from notifications.api.views import HubView
from notifications.models import Recipient, Scope

from ..acknowledge import acknowledge
from ..audience import UnknownRecipients, people_named
from ..refusals import BadRequest
from .triggers import RecipientSerializer


class AcknowledgeSerializer(StrictSerializer):
    recipient = RecipientSerializer(required=False, help_text="Who has it in hand; whoever calls, unless named")


class AcknowledgedSerializer(serializers.Serializer[Any]):
    transaction_id = serializers.CharField()
    by = serializers.CharField(help_text="The external id of who was the first")
    at = serializers.DateTimeField()
    first = serializers.BooleanField(help_text="Whether this call was the first")


class AcknowledgeView(HubView):
    permission_classes = [InTenant]

    @extend_schema(
        operation_id="runs_acknowledge", request=AcknowledgeSerializer, responses={200: AcknowledgedSerializer}
    )
    def post(self, request: Request, transaction_id: str) -> Response:
        """Somebody has it in hand: whoever waits for that goes on, and an escalation stops. People speak for
        themselves; a key with the scope `trigger`, an owner or an admin also for another."""
        asked = AcknowledgeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        answer = acknowledge(
            transaction_id, tenant=principal(request).tenant, recipient=_recipient(request, asked.validated_data)
        )
        return Response(answer.to_json())


def _recipient(request: Request, given: dict[str, Any]) -> Recipient:
    caller = principal(request)
    named = given.get("recipient")
    if named is None:
        if caller.recipient is None:
            raise BadRequest("A server's key has nothing in hand itself: name the `recipient`.")
        return caller.recipient
    if not caller.may(Scope.TRIGGER):
        raise PermissionDenied("Your credential speaks for yourself alone.")
    try:
        (person,) = people_named([named], tenant=caller.tenant)
    except UnknownRecipients as error:
        raise BadRequest("The recipient is not known here.", code="unknown_recipients", errors=error.names) from None
    return person
