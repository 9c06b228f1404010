"""`targets/`: the objects that a person follows or has muted, said by themselves or by their tenant's server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from .. import targets
from ..models import Attention, Recipient, Stance
from ..targets import ID_MAX, TYPE_MAX, Target
from .fields import StrictSerializer
from .people import TenantView
from .permissions import IsPerson, person, principal
from .views import HubView, Pages

Verb = Callable[[list[Recipient], Target], Any]
VERBS: Mapping[str, tuple[Verb, str | None]] = {
    "follow": (targets.follow, Stance.FOLLOW.value),
    "mute": (targets.mute, Stance.MUTE.value),
    "forget": (targets.forget, None),
}
"""What can be done, and how they stand to the object then."""


class TargetSerializer(StrictSerializer):
    """An object of the host's. Its type has lower-case letters, digits, `_`, `.` and `-`."""

    type = serializers.CharField(max_length=TYPE_MAX)
    id = serializers.CharField(max_length=ID_MAX)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        try:
            return Target.of(attrs).to_json()
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None


class StanceSerializer(serializers.Serializer[Any]):
    """`stance` is `follow`, `mute`, or null for neither."""

    type = serializers.CharField()
    id = serializers.CharField()
    stance = serializers.ChoiceField(Stance.choices, allow_null=True)


class OwnTargetsView(HubView):
    permission_classes = [IsPerson]

    @extend_schema(operation_id="targets_list", responses=StanceSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The objects that you follow or have muted."""
        return _listed(request, person(request), self)


class OwnTargetView(HubView):
    permission_classes = [IsPerson]

    @extend_schema(operation_id="targets_set", request=TargetSerializer, responses=StanceSerializer)
    def post(self, request: Request, action: str) -> Response:
        """Follow an object, mute it (you hear nothing of it but what is critical), or forget both."""
        return _done(request, person(request), action)


class TargetsOfView(TenantView):
    @extend_schema(operation_id="recipients_targets_list", responses=StanceSerializer(many=True))
    def get(self, request: Request, external_id: str) -> Response:
        """The objects that this person follows or has muted."""
        return _listed(request, _recipient(request, external_id), self)


class TargetOfView(TenantView):
    @extend_schema(operation_id="recipients_targets_set", request=TargetSerializer, responses=StanceSerializer)
    def post(self, request: Request, external_id: str, action: str) -> Response:
        """Have this person follow an object, mute it, or forget both."""
        return _done(request, _recipient(request, external_id), action)


def _listed(request: Request, who: Recipient, view: HubView) -> Response:
    pages = Pages()
    rows = Attention.objects.filter(tenant=who.tenant_id, recipient=who)
    found = pages.paginate_queryset(rows, request, view=view) or []
    return pages.get_paginated_response([{**Target.parse(one.target).to_json(), "stance": one.stance} for one in found])


def _done(request: Request, who: Recipient, action: str) -> Response:
    asked = TargetSerializer(data=request.data)
    asked.is_valid(raise_exception=True)
    verb, stance = VERBS[action]
    target = Target.of(asked.validated_data)
    verb([who], target)
    return Response({**target.to_json(), "stance": stance})


def _recipient(request: Request, external_id: str) -> Recipient:
    found = Recipient.objects.filter(tenant=principal(request).tenant, external_id=external_id).first()
    if found is None:
        raise NotFound
    return found
