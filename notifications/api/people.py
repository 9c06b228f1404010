"""`recipients/`: how a tenant's server says who there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError as Invalid
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from .. import directory, privacy
from ..kernel.clock import db_now
from ..models import Recipient, Role, Scope
from .fields import PathName, StrictSerializer
from .parsers import BULK_BODY_MAX
from .permissions import HasScope, principal
from .problems import problem
from .views import HubView, Pages


class ProfileSerializer(StrictSerializer):
    """What may be said of a person. What is left out stays as it is."""

    name = serializers.CharField(max_length=200, allow_blank=True, required=False)
    email = serializers.EmailField(max_length=254, allow_blank=True, required=False)
    phone = serializers.CharField(max_length=32, allow_blank=True, required=False)
    locale = serializers.CharField(max_length=16, allow_blank=True, required=False)
    zone = serializers.CharField(max_length=64, allow_blank=True, required=False)
    role = serializers.ChoiceField(Role.choices, required=False)
    attributes = serializers.DictField(required=False)


class BulkPersonSerializer(ProfileSerializer):
    external_id = PathName(max_length=255, taken=frozenset({"bulk"}))


class PeopleSerializer(StrictSerializer):
    recipients = BulkPersonSerializer(many=True, max_length=directory.BULK_MAX)  # type: ignore[call-arg]


class RecipientSerializer(serializers.ModelSerializer[Recipient]):
    id = serializers.UUIDField(source="public_id")

    class Meta:
        model = Recipient
        fields = ("id", "external_id", *directory.PROFILE, "active", "created_at")


class CountSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()


class ErasedSerializer(serializers.Serializer[Any]):
    recipient = serializers.CharField(help_text="What they are called from now on")
    rows = serializers.DictField(child=serializers.IntegerField())


class TenantView(HubView):
    permission_classes = [HasScope]
    scope = Scope.ADMIN
    read_scope = Scope.READ


class RecipientsView(TenantView):
    @extend_schema(operation_id="recipients_list", responses=RecipientSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The tenant's people, oldest first."""
        pages = Pages()
        found = pages.paginate_queryset(Recipient.objects.filter(tenant=principal(request).tenant), request, view=self)
        return pages.get_paginated_response(RecipientSerializer(found or [], many=True).data)


class RecipientsBulkView(TenantView):
    body_max = BULK_BODY_MAX

    @extend_schema(operation_id="recipients_bulk", request=PeopleSerializer, responses=CountSerializer)
    def post(self, request: Request) -> Response:
        """Create or change up to 1,000 people, all or none."""
        asked = PeopleSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        people = {one.pop("external_id"): one for one in map(dict, asked.validated_data["recipients"])}
        return answer(lambda: {"count": len(directory.put_people(principal(request).tenant, people))})


class RecipientView(TenantView):
    @extend_schema(operation_id="recipients_retrieve", responses=RecipientSerializer)
    def get(self, request: Request, external_id: str) -> Response:
        """One person."""
        return Response(RecipientSerializer(_recipient(request, external_id)).data)

    @extend_schema(operation_id="recipients_put", request=ProfileSerializer, responses=RecipientSerializer)
    def put(self, request: Request, external_id: str) -> Response:
        """Create or change somebody. Somebody who was taken out is back in."""
        return _put(request, external_id, revive=True)

    @extend_schema(operation_id="recipients_patch", request=ProfileSerializer, responses=RecipientSerializer)
    def patch(self, request: Request, external_id: str) -> Response:
        """Change somebody who is there. Somebody who was taken out is changed, and stays out."""
        _recipient(request, external_id)
        return _put(request, external_id, revive=False)

    @extend_schema(
        operation_id="recipients_delete",
        parameters=[OpenApiParameter("erase", bool, description="Erase what is kept of them, too")],
        responses={200: ErasedSerializer, 204: None},
    )
    def delete(self, request: Request, external_id: str) -> Response:
        """Take somebody out: they are not told anything more. The record stays; with `erase=true` it is erased, and
        what waits for them is cancelled. The answer has the name under which that may be repeated."""
        if flag(request, "erase"):
            return Response(privacy.erase(_anybody(request, external_id), now=db_now()).to_json())
        _recipient(request, external_id)
        directory.take_out(principal(request).tenant, [external_id])
        return Response(status=status.HTTP_204_NO_CONTENT)


class ExportView(TenantView):
    read_scope = Scope.ADMIN

    @extend_schema(operation_id="recipients_export", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, external_id: str) -> Response:
        """Everything that is kept of this person, as lists of rows by name."""
        told = privacy.export(_anybody(request, external_id))
        return Response(told, headers={"Cache-Control": "no-store"})


def flag(request: Request, name: str) -> bool:
    """A switch in the address. Raises ValidationError for what is neither yes nor no."""
    said = request.query_params.get(name, "false")
    if said not in ("true", "false"):
        raise serializers.ValidationError({name: "Must be true or false."})
    return said == "true"


def _anybody(request: Request, external_id: str) -> Recipient:
    """A person, or a mere address."""
    found = privacy.find(principal(request).tenant, external_id)
    if found is None:
        raise NotFound
    return found


def _put(request: Request, external_id: str, *, revive: bool) -> Response:
    asked = ProfileSerializer(data=request.data)
    asked.is_valid(raise_exception=True)
    tenant, people = principal(request).tenant, {external_id: asked.validated_data}
    return answer(lambda: RecipientSerializer(directory.put_people(tenant, people, revive=revive)[0]).data)


def _recipient(request: Request, external_id: str) -> Recipient:
    found = Recipient.objects.filter(tenant=principal(request).tenant, external_id=external_id).first()
    if found is None:
        raise NotFound
    return found


def answer(verb: Callable[[], Any], *, wrong: str = "Some people are missing or wrong.") -> Response:
    """What the verb answers, or its refusal as a problem."""
    try:
        return Response(verb())
    except Invalid as error:
        errors = {name: " ".join(said) for name, said in getattr(error, "message_dict", {}).items()}
        detail = wrong if errors else " ".join(error.messages)
        return problem(status=400, code="invalid", detail=detail, errors=errors)
