"""`endpoints/`: places of people's own, beside what the host knows: added, proven by a code, and removed by them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.decorators import method_decorator
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from notifications.api.fields import StrictSerializer
from notifications.api.permissions import IsPerson, person
from notifications.api.problems import ProblemSerializer
from notifications.api.views import HubView
from notifications.kernel.clock import db_now

from .. import endpoints
from ..backend import Backend
from ..own import places
from ..own.place import ADDRESS_MAX
from ..own.standing import Standing, standings

_REFUSED: dict[Any, Any] = {(code, "application/problem+json"): ProblemSerializer for code in (400, 404, 409, 429)}


class EndpointSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    address = serializers.CharField(help_text="Without what is secret in it")
    label = serializers.CharField()  # type: ignore[assignment]
    state = serializers.CharField(
        help_text="`awaits_code`: say the code that was sent there. `on`: they are told there. `off`: turned off by"
        " what came back. `suppressed`: nothing is sent there any more.",
    )
    detail = serializers.CharField(help_text="Why it is off or suppressed, in words")
    code_until = serializers.DateTimeField(allow_null=True, help_text="Until when the code that was sent is good")
    created_at = serializers.DateTimeField()
    verified_at = serializers.DateTimeField(allow_null=True)
    last_success = serializers.DateTimeField(allow_null=True)
    failures = serializers.IntegerField(help_text="In a row")


class AddableSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    name = serializers.CharField()
    takes = serializers.ChoiceField(["email", "phone", "url"])
    settings = serializers.JSONField(help_text="JSON Schema of `settings`")


class EndpointsSerializer(serializers.Serializer[Any]):
    results = EndpointSerializer(many=True)
    kinds = AddableSerializer(many=True, help_text="What can be added here")


class AddedSerializer(EndpointSerializer):
    issued_secrets = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="Secrets that were made for it, such as that by which webhooks are signed. Shown this once.",
    )


class AddSerializer(StrictSerializer):
    kind = serializers.CharField(max_length=32)
    address = serializers.CharField(max_length=ADDRESS_MAX, help_text="A mail address, a number like +15550100, a URL")
    settings = serializers.JSONField(required=False, default=dict, help_text="As `kinds` says")
    label = serializers.CharField(  # type: ignore[assignment]
        max_length=endpoints.LABEL_MAX, allow_blank=True, default=""
    )

    def validate_settings(self, given: Any) -> Any:
        if not isinstance(given, dict):
            raise serializers.ValidationError("Must be an object.")
        return given


class EndpointLabelSerializer(StrictSerializer):
    label = serializers.CharField(max_length=endpoints.LABEL_MAX, allow_blank=True)  # type: ignore[assignment]


class CodeSerializer(StrictSerializer):
    code = serializers.CharField(max_length=20, help_text="The six digits that were sent there")


class EndpointsView(HubView):
    permission_classes = [IsPerson]

    @extend_schema(operation_id="endpoints_list", responses=EndpointsSerializer)
    def get(self, request: Request) -> Response:
        """The caller's, the oldest first, and what they may add: five of a kind at most. Devices are elsewhere, at
        `push/devices/`."""
        mine = person(request)
        found = [_shown(one) for one in standings(mine, places.listed(mine))]
        kinds = [_addable(one) for one in places.addable(mine.tenant_id)]
        return Response(EndpointsSerializer({"results": found, "kinds": kinds}).data)

    @extend_schema(operation_id="endpoints_add", request=AddSerializer, responses={201: AddedSerializer, **_REFUSED})
    def post(self, request: Request) -> Response:
        """Add a place, to which a code is sent. Nothing else goes there until that was said at `verify/`. Adding it
        again sends another code. 429 with `Retry-After` when too many were asked for."""
        asked = AddSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given, mine = asked.validated_data, person(request)
        added = places.add(
            mine, given["kind"], given["address"], settings=given["settings"], label=given["label"], now=db_now()
        )
        [one] = standings(mine, [added.endpoint])
        told = AddedSerializer({**_shown(one), "issued_secrets": added.issued}).data
        return Response(told, status=status.HTTP_201_CREATED)


class EndpointView(HubView):
    permission_classes = [IsPerson]

    @extend_schema(
        operation_id="endpoints_label", request=EndpointLabelSerializer, responses={200: EndpointSerializer, **_REFUSED}
    )
    def patch(self, request: Request, public_id: UUID) -> Response:
        """Give it another name."""
        asked = EndpointLabelSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        row = endpoints.rename(person(request), public_id, label=asked.validated_data["label"], devices=False)
        if row is None:
            raise NotFound
        return _one(request, row)

    @extend_schema(operation_id="endpoints_delete", responses={204: None})
    def delete(self, request: Request, public_id: UUID) -> Response:
        """Forget it. What waits for it is cancelled."""
        if not endpoints.remove(person(request), public_id, now=db_now(), devices=False):
            raise NotFound
        return Response(status=status.HTTP_204_NO_CONTENT)


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class VerifyView(HubView):
    """A wrong code is counted although the request fails: the site may not roll that back."""

    permission_classes = [IsPerson]

    @extend_schema(
        operation_id="endpoints_verify", request=CodeSerializer, responses={200: EndpointSerializer, **_REFUSED}
    )
    def post(self, request: Request, public_id: UUID) -> Response:
        """Say the code that came there. A code is good for ten minutes and five tries."""
        asked = CodeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        return _one(request, places.verify(person(request), public_id, asked.validated_data["code"], now=db_now()))


class SendCodeView(HubView):
    permission_classes = [IsPerson]

    @extend_schema(operation_id="endpoints_code", request=None, responses={200: EndpointSerializer, **_REFUSED})
    def post(self, request: Request, public_id: UUID) -> Response:
        """Send another code, also to one that was turned off. The earlier one is good no more."""
        return _one(request, places.send_code(person(request), public_id, now=db_now()))


def _one(request: Request, row: Any) -> Response:
    [one] = standings(person(request), [row])
    return Response(EndpointSerializer(_shown(one)).data)


def _shown(one: Standing) -> dict[str, Any]:
    row = one.endpoint
    return {
        "id": row.public_id,
        "kind": row.kind,
        "address": one.address,
        "label": row.label,
        "state": one.state,
        "detail": one.detail,
        "code_until": row.code_until,
        "created_at": row.created_at,
        "verified_at": row.verified_at,
        "last_success": row.last_ok_at,
        "failures": row.failures,
    }


def _addable(backend: Backend) -> dict[str, Any]:
    return {"kind": backend.kind, "name": str(backend.name), "takes": backend.own, "settings": backend.own_settings}
