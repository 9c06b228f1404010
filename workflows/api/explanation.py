"""`GET runs/{transaction_id}/explain/` and `workflows/{key}/explain/`: why, and what would happen, in sentences."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from notifications.api.permissions import HasScope, InTenant, principal
from notifications.api.views import HubView
from notifications.models import TARGET_MAX, Recipient, Scope

from ..explain import explain, explain_future
from ..runs import runs_of

_NOT_YOURS = "You may ask about yourself; to ask about others takes an owner, an admin, or a key with `read`."


class SentenceSerializer(serializers.Serializer[Any]):
    """`step` is the position in the definition, empty for what is about the whole. `run`: the transaction id of another
    run that it leads to, as from an event to the digest that told it. `detail` is kept from whoever does not run the
    tenant."""

    code = serializers.CharField()
    text = serializers.CharField(help_text="In the language of the request, times in the person's zone")
    step = serializers.CharField()
    channel = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)
    detail = serializers.CharField()
    run = serializers.CharField()


class ExplanationSerializer(serializers.Serializer[Any]):
    """`told`: something reached them, or still may. `outside`: they were not among the recipients."""

    user = serializers.CharField(help_text="The person's external id")
    told = serializers.BooleanField()
    outside = serializers.BooleanField()
    sentences = SentenceSerializer(many=True)


class FutureQuery(serializers.Serializer[Any]):
    at = serializers.DateTimeField(required=False)
    target = serializers.CharField(required=False, max_length=TARGET_MAX)


class ExplainView(HubView):
    permission_classes = [InTenant]

    @extend_schema(
        operation_id="runs_explain",
        parameters=[
            OpenApiParameter(
                "recipient", str, description="An external id, or `mailto:` and an address; yourself, if left out"
            )
        ],
        responses=ExplanationSerializer,
    )
    def get(self, request: Request, transaction_id: str) -> Response:
        """Why this person was told what they were, or was not. For yourself: of runs that concerned you."""
        me, rights = principal(request).recipient, principal(request).may(Scope.READ)
        wanted = request.query_params.get("recipient") or (me.external_id if me else "")
        if not rights and (me is None or wanted != me.external_id):
            raise PermissionDenied(_NOT_YOURS)
        run = runs_of(principal(request).tenant).filter(transaction_id=transaction_id).first()
        person = _person(request, wanted)
        if run is None or person is None:
            raise NotFound
        found = explain(run, person)
        if not rights:
            if found.outside:  # that there was such a run, and whom it was for, is none of their business
                raise NotFound
            found = found.without_details()
        return Response({"user": person.external_id, **found.to_json()})


class ExplainFutureView(HubView):
    permission_classes = [HasScope]
    scope = read_scope = Scope.READ

    @extend_schema(
        operation_id="workflows_explain",
        parameters=[
            OpenApiParameter("recipient", str, required=True, description="An external id"),
            OpenApiParameter("at", OpenApiTypes.DATETIME, description="When it would be triggered; now, if left out"),
            OpenApiParameter("target", str, description="The object that it would be about, as `type:id`"),
        ],
        responses=ExplanationSerializer,
    )
    def get(self, request: Request, key: str) -> Response:
        """What would happen to this person if the workflow were triggered for them, with its sample."""
        asked = FutureQuery(data=request.query_params)
        asked.is_valid(raise_exception=True)
        wanted = request.query_params.get("recipient", "")
        person = _person(request, wanted)
        if person is None:
            raise NotFound
        said = asked.validated_data
        try:
            found = explain_future(key, person, at=said.get("at"), target=said.get("target"))
        except ValueError as error:
            raise ValidationError({"target": str(error)}) from None
        return Response({"user": person.external_id, **found.to_json()})


def _person(request: Request, external_id: str) -> Recipient | None:
    people = Recipient.reachable.filter(tenant=principal(request).tenant, external_id=external_id)
    return people.select_related("tenant").first()
