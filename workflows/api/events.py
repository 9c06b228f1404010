"""`POST events/`: say that something happened to those who wait for it."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from notifications.api.fields import StrictSerializer
from notifications.api.permissions import HasScope, principal
from notifications.api.views import HubView
from notifications.models import Scope

from ..awaiting import KEY_MAX
from ..events import emit


class EventSerializer(StrictSerializer):
    event = serializers.CharField(max_length=KEY_MAX)
    payload = serializers.DictField(required=False, default=dict)


class HeardSerializer(serializers.Serializer[Any]):
    runs = serializers.IntegerField(help_text="How many runs waited for it")


class EventsView(HubView):
    permission_classes = [HasScope]
    scope = read_scope = Scope.TRIGGER

    @extend_schema(operation_id="events_emit", request=EventSerializer, responses={200: HeardSerializer})
    def post(self, request: Request) -> Response:
        """This happened: runs that wait for it go on. It is not remembered for those that come later."""
        asked = EventSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        return Response({"runs": emit(**asked.validated_data, tenant=principal(request).tenant)})
