"""`push/`: the browsers in which a person is told, added and removed by that person. Their keys never come out."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.middleware.csrf import get_token
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from notifications.api.fields import StrictSerializer
from notifications.api.permissions import IsPerson, person
from notifications.api.problems import ProblemSerializer
from notifications.api.views import HubView
from notifications.kernel.clock import db_now

from .. import devices, endpoints
from ..conf import conf
from ..models import Endpoint
from ..push.hosts import ADDRESS_MAX
from ..push.signed_in import remember
from ..push.vapid import NoKey, identity_of
from ..refusals import NotNow

_REFUSED: dict[Any, Any] = {
    (400, "application/problem+json"): ProblemSerializer,
    (409, "application/problem+json"): ProblemSerializer,
}


class VapidKeySerializer(serializers.Serializer[Any]):
    public_key = serializers.CharField(help_text="`applicationServerKey` of `pushManager.subscribe()`")
    csrf_token = serializers.CharField(
        required=False, help_text="For a worker of a browser that has signed in, which cannot read the cookie"
    )


class DeviceSerializer(serializers.Serializer[Endpoint]):
    id = serializers.UUIDField(source="public_id")
    label = serializers.CharField()  # type: ignore[assignment]
    service = serializers.CharField(source="origin", help_text="The push service behind it")
    created_at = serializers.DateTimeField()
    last_success = serializers.DateTimeField(source="last_ok_at", allow_null=True)
    failures = serializers.IntegerField(help_text="In a row")


class DevicesSerializer(serializers.Serializer[Any]):
    results = DeviceSerializer(many=True)


class _KeysSerializer(StrictSerializer):
    p256dh = serializers.CharField(max_length=200)
    auth = serializers.CharField(max_length=100)


class SubscribeSerializer(StrictSerializer):
    """`PushSubscription.toJSON()` of a browser, and a name for the device."""

    endpoint = serializers.CharField(max_length=ADDRESS_MAX)
    keys = _KeysSerializer()
    expirationTime = serializers.IntegerField(required=False, allow_null=True, help_text="Taken and not used")  # noqa: N815
    label = serializers.CharField(  # type: ignore[assignment]
        max_length=endpoints.LABEL_MAX, allow_blank=True, default=""
    )


class RefreshSerializer(SubscribeSerializer):
    old_endpoint = serializers.CharField(max_length=ADDRESS_MAX, help_text="What it was before")


class UnsubscribeSerializer(StrictSerializer):
    endpoint = serializers.CharField(max_length=ADDRESS_MAX)


class DeviceLabelSerializer(StrictSerializer):
    label = serializers.CharField(max_length=endpoints.LABEL_MAX, allow_blank=True)  # type: ignore[assignment]


class VapidKeyView(HubView):
    permission_classes = [IsPerson]

    @extend_schema(
        operation_id="push_vapid_public_key",
        responses={200: VapidKeySerializer, (409, "application/problem+json"): ProblemSerializer},
    )
    def get(self, request: Request) -> Response:
        """The key that browsers subscribe with. 409 while the site has none."""
        given = conf()
        try:
            public = identity_of(given.vapid_private_key, given.vapid_subject).public
        except NoKey as error:
            raise NotNow(str(error), code="no_vapid_key") from error
        told = {"public_key": public}
        if isinstance(request.successful_authenticator, SessionAuthentication):
            told["csrf_token"] = get_token(request._request)
        return Response(told)


class _DeviceView(HubView):
    permission_classes = [IsPerson]


class SubscribeView(_DeviceView):
    @extend_schema(
        operation_id="push_subscribe", request=SubscribeSerializer, responses={200: DeviceSerializer, **_REFUSED}
    )
    def post(self, request: Request) -> Response:
        """Tell the caller in this browser too. May be said again and again; the device stays one."""
        asked = SubscribeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        row = devices.subscribe(person(request), given["endpoint"], given["keys"], label=given["label"], now=db_now())
        return remember(row, request, Response(DeviceSerializer(row).data))


class RefreshView(_DeviceView):
    @extend_schema(
        operation_id="push_refresh", request=RefreshSerializer, responses={200: DeviceSerializer, **_REFUSED}
    )
    def post(self, request: Request) -> Response:
        """The browser changed its subscription; the device stays the same."""
        asked = RefreshSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        row = devices.refresh(
            person(request),
            given["old_endpoint"],
            given["endpoint"],
            given["keys"],
            label=given["label"],
            now=db_now(),
        )
        return remember(row, request, Response(DeviceSerializer(row).data))


class UnsubscribeView(_DeviceView):
    @extend_schema(operation_id="push_unsubscribe", request=UnsubscribeSerializer, responses={204: None})
    def post(self, request: Request) -> Response:
        """Tell the caller nothing more in this browser. One that is not theirs stays as it is."""
        asked = UnsubscribeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        devices.unsubscribe(person(request), asked.validated_data["endpoint"], now=db_now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class DevicesView(_DeviceView):
    @extend_schema(operation_id="push_devices_list", responses=DevicesSerializer)
    def get(self, request: Request) -> Response:
        """The caller's devices, the oldest first; there are at most 20."""
        return Response(DevicesSerializer({"results": devices.listed(person(request))}).data)


class DeviceView(_DeviceView):
    @extend_schema(operation_id="push_devices_label", request=DeviceLabelSerializer, responses=DeviceSerializer)
    def patch(self, request: Request, public_id: UUID) -> Response:
        """Give it another name."""
        asked = DeviceLabelSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        row = endpoints.rename(person(request), public_id, label=asked.validated_data["label"], devices=True)
        if row is None:
            raise NotFound
        return Response(DeviceSerializer(row).data)

    @extend_schema(operation_id="push_devices_delete", responses={204: None})
    def delete(self, request: Request, public_id: UUID) -> Response:
        """Forget it."""
        if not endpoints.remove(person(request), public_id, now=db_now(), devices=True):
            raise NotFound
        return Response(status=status.HTTP_204_NO_CONTENT)
