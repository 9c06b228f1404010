"""`test/`: a test message to whoever asks, on one of their channels or all, and what became of it."""

from __future__ import annotations

from typing import Any, get_args
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from .. import trying
from ..kernel.clock import db_now
from .fields import StrictSerializer
from .permissions import IsPerson, person
from .problems import ProblemSerializer
from .views import HubView

ALL = "all"


class TryOutSerializer(StrictSerializer):
    channel = serializers.CharField(max_length=32, default=ALL, help_text="A kind, or `all`")


class TriedSerializer(serializers.Serializer[Any]):
    channel = serializers.CharField()
    state = serializers.CharField(help_text=f"One of {', '.join(get_args(trying.State))}")
    code = serializers.CharField(help_text="Of what failed, or is not possible")
    text = serializers.CharField(help_text="In the language of the request")


class TestOfOneselfSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text="To ask again at test/{id}/ while something is `under_way`")
    channels = TriedSerializer(many=True)


class TryOutView(HubView):
    permission_classes = [IsPerson]

    @extend_schema(
        operation_id="test_send",
        request=TryOutSerializer,
        responses={202: TestOfOneselfSerializer, (400, "application/problem+json"): ProblemSerializer},
    )
    def post(self, request: Request) -> Response:
        """Send yourself a test, also on what you have switched off. Twice within half a minute is once. `channels` says
        of each what happened, or why it is not possible."""
        asked = TryOutSerializer(data=request.data or {})
        asked.is_valid(raise_exception=True)
        me, named = person(request), asked.validated_data["channel"]
        known = trying.channels_of(me)
        if named not in {ALL, *known}:
            raise serializers.ValidationError({"channel": f"Is `all`, or one of {', '.join(known)}."})
        wanted = set(known) if named == ALL else {named}
        test = trying.send(me, wanted, now=db_now())
        found = trying.became(me, test)
        told = [found.get(key) or obstacle for key, obstacle in known.items() if key in wanted]
        return Response(_shown(test, [one for one in told if one]), status=status.HTTP_202_ACCEPTED)


class TriedView(HubView):
    permission_classes = [IsPerson]

    @extend_schema(operation_id="test_retrieve", responses=TestOfOneselfSerializer)
    def get(self, request: Request, test: UUID) -> Response:
        """What became of a test of yours by now."""
        found = trying.became(person(request), test)
        if not found:
            raise NotFound
        return Response(_shown(test, [*found.values()]))


def _shown(test: UUID, told: list[trying.Tried]) -> dict[str, Any]:
    return dict(TestOfOneselfSerializer({"id": test, "channels": told}).data)
