"""`channels/`: a tenant's ways out, set up, changed, paused, tested and removed. Secrets go in and never come out."""

from __future__ import annotations

from typing import Any, get_args
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from notifications.api.fields import StrictSerializer
from notifications.api.permissions import HasScope, principal
from notifications.api.problems import ProblemSerializer
from notifications.api.views import HubView, Pages
from notifications.kernel.clock import db_now
from notifications.models import Recipient, Scope

from .. import channels
from ..backend import Backend
from ..backends import backends
from ..condition import Condition, Word, conditions, with_latest
from ..hello import send_test
from ..log import REPLAY_MAX
from ..masking import masked_settings
from ..models import Breaker, Channel

_REFUSED: dict[Any, Any] = {
    (400, "application/problem+json"): ProblemSerializer,
    (409, "application/problem+json"): ProblemSerializer,
}


class HealthSerializer(serializers.Serializer[Any]):
    state = serializers.CharField(source="word", help_text=f"One of {', '.join(get_args(Word))}")
    breaker = serializers.ChoiceField(Breaker.choices)
    open_at = serializers.DateTimeField(allow_null=True, help_text="Nothing is tried before")
    waiting = serializers.IntegerField()
    under_way = serializers.IntegerField()
    last_success = serializers.DateTimeField(allow_null=True)
    last_failure = serializers.DateTimeField(allow_null=True)
    last_failure_code = serializers.CharField(source="last_code")


class ChannelSerializer(serializers.Serializer[Any]):
    """A channel. Its secrets are never shown; who may not change it sees addresses cut short."""

    id = serializers.UUIDField(source="public_id")
    kind = serializers.CharField()
    name = serializers.CharField()
    settings = serializers.DictField()
    workflows = serializers.ListField(child=serializers.CharField(), help_text="Keys whose notices leave by it")
    position = serializers.IntegerField(help_text="Of several ways to people of a kind the lowest comes first")
    paused = serializers.BooleanField()
    paused_at = serializers.DateTimeField(allow_null=True)
    paused_because = serializers.CharField()
    created_at = serializers.DateTimeField()
    health = HealthSerializer()


class ChannelPageSerializer(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = ChannelSerializer(many=True)


class OneChannelSerializer(ChannelSerializer):
    secrets_set = serializers.ListField(child=serializers.CharField(), help_text="The names of those that are there")


class IssuedChannelSerializer(OneChannelSerializer):
    issued_secrets = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()), help_text="Made just now, and not shown again"
    )


class RemovedSerializer(serializers.Serializer[Any]):
    cancelled = serializers.IntegerField(help_text="Messages that waited, and are taken back")
    too_late = serializers.IntegerField(help_text="Messages that are under way")


class ResumeSerializer(StrictSerializer):
    replay = serializers.BooleanField(default=False, help_text="Send what failed meanwhile once more")


class ResumedChannelSerializer(OneChannelSerializer):
    replayed = serializers.IntegerField(help_text="Sent once more now")
    replayable = serializers.IntegerField(
        help_text="Further ones that ended badly while it failed or was paused; see deliveries/replay/"
    )


class KindSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    name = serializers.CharField()
    personal = serializers.BooleanField(help_text="It reaches people, at an address of their own")
    team = serializers.BooleanField(help_text="It can be told what concerns a whole team")
    settings = serializers.DictField(help_text="JSON Schema")
    secrets = serializers.DictField(help_text="JSON Schema; each is written and never read")
    rotates = serializers.CharField(help_text="The secret that we make and rotate, if any")
    retries_after = serializers.ListField(child=serializers.FloatField(), help_text="Seconds, each ± 20 %")
    at_once = serializers.IntegerField(help_text="Sends under way at the same time")


class KindsSerializer(serializers.Serializer[Any]):
    results = KindSerializer(many=True)


class _ChannelFields(StrictSerializer):
    name = serializers.CharField(max_length=channels.NAME_MAX)
    settings = serializers.DictField(required=False)
    secrets = serializers.DictField(required=False, write_only=True)
    workflows = serializers.ListField(
        child=serializers.CharField(max_length=100), max_length=channels.WORKFLOWS_MAX, required=False
    )

    position = serializers.IntegerField(
        min_value=0,
        max_value=channels.POSITION_MAX,
        required=False,
        help_text="Of several ways to people of a kind the lowest comes first; the next takes what it cannot send",
    )


class NewChannelSerializer(_ChannelFields):
    kind = serializers.CharField(max_length=32)


class ChannelChangesSerializer(_ChannelFields):
    """What is left out stays. `settings` and `workflows` are taken whole; of `secrets` only those named change, and
    null takes one away."""

    name = serializers.CharField(max_length=channels.NAME_MAX, required=False)


class PauseSerializer(StrictSerializer):
    because = serializers.CharField(max_length=channels.REASON_MAX, allow_blank=True, default="")


class TestSerializer(StrictSerializer):
    recipient = serializers.CharField(
        max_length=255, required=False, help_text="External id of the person to test a way to people with"
    )


class TestedSerializer(serializers.Serializer[Any]):
    deliveries = serializers.ListField(child=serializers.UUIDField(), help_text="To follow at deliveries/{id}/")


class _ChannelView(HubView):
    permission_classes = [HasScope]
    scope = Scope.ADMIN
    read_scope = Scope.READ


class KindsView(_ChannelView):
    @extend_schema(operation_id="channels_kinds", responses=KindsSerializer)
    def get(self, request: Request) -> Response:
        """The kinds of channels there are, and what each needs to know."""
        return Response({"results": [_kind(backend) for backend in backends().values()]})


class ChannelsView(_ChannelView):
    @extend_schema(
        operation_id="channels_list",
        parameters=[OpenApiParameter("cursor", str), OpenApiParameter("limit", int)],
        responses=ChannelPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """The tenant's channels and how each is, oldest first."""
        pages = Pages()
        mine = with_latest(Channel.objects.filter(tenant=principal(request).tenant))
        found = pages.paginate_queryset(mine, request, view=self) or []
        health = conditions(found)
        return pages.get_paginated_response(
            [ChannelSerializer(_shown(one, health[one.pk], whole=False)).data for one in found]
        )

    @extend_schema(
        operation_id="channels_create",
        request=NewChannelSerializer,
        responses={201: IssuedChannelSerializer, **_REFUSED},
    )
    def post(self, request: Request) -> Response:
        """Set one up. A secret that we make for it is in this answer, and in no other."""
        asked = NewChannelSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        made = channels.create(principal(request).tenant, channels.Setup(**asked.validated_data))
        return _issued(request, made, status.HTTP_201_CREATED)


class ChannelView(_ChannelView):
    @extend_schema(operation_id="channels_retrieve", responses=OneChannelSerializer)
    def get(self, request: Request, public_id: UUID) -> Response:
        """One channel."""
        return Response(_one(request, _channel(request, public_id)))

    @extend_schema(
        operation_id="channels_change",
        request=ChannelChangesSerializer,
        responses={200: OneChannelSerializer, **_REFUSED},
    )
    def patch(self, request: Request, public_id: UUID) -> Response:
        """Change it. What waits to leave by it leaves with the new settings, to the old addresses."""
        channel = _channel(request, public_id)
        asked = ChannelChangesSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        return Response(_one(request, channels.change(channel, **asked.validated_data)))

    @extend_schema(operation_id="channels_delete", responses=RemovedSerializer)
    def delete(self, request: Request, public_id: UUID) -> Response:
        """Remove it for good, and take back what waits to leave by it."""
        return Response(RemovedSerializer(channels.delete(_channel(request, public_id), now=db_now())).data)


class PauseView(_ChannelView):
    @extend_schema(operation_id="channels_pause", request=PauseSerializer, responses=OneChannelSerializer)
    def post(self, request: Request, public_id: UUID) -> Response:
        """Nothing leaves by it until it is resumed."""
        channel = _channel(request, public_id)
        asked = PauseSerializer(data=request.data or {})
        asked.is_valid(raise_exception=True)
        return Response(_one(request, channels.pause(channel, now=db_now(), because=asked.validated_data["because"])))


class ResumeView(_ChannelView):
    @extend_schema(operation_id="channels_resume", request=ResumeSerializer, responses=ResumedChannelSerializer)
    def post(self, request: Request, public_id: UUID) -> Response:
        """It sends again; with `replay` also what it could not deliver meanwhile, the oldest first."""
        channel = _channel(request, public_id)
        asked = ResumeSerializer(data=request.data or {})
        asked.is_valid(raise_exception=True)
        limit = REPLAY_MAX if asked.validated_data["replay"] else 0
        resumed = channels.resume_and_replay(channel, limit=limit, now=db_now())
        return Response({**_one(request, channel), "replayed": resumed.replayed, "replayable": resumed.replayable})


class RotateView(_ChannelView):
    @extend_schema(
        operation_id="channels_rotate_secret", request=None, responses={200: IssuedChannelSerializer, **_REFUSED}
    )
    def post(self, request: Request, public_id: UUID) -> Response:
        """A new secret, in this answer and in no other. The one before goes on signing until the next rotation."""
        made = channels.rotate_secret(_channel(request, public_id))
        return _issued(request, made, status.HTTP_200_OK)


class TestView(_ChannelView):
    @extend_schema(
        operation_id="channels_test",
        request=TestSerializer,
        responses={202: OpenApiResponse(TestedSerializer, description="On its way"), **_REFUSED},
    )
    def post(self, request: Request, public_id: UUID) -> Response:
        """Send a test message: to the channel's team, or, by a way to people, to you or to the person named."""
        channel, person = _channel(request, public_id), principal(request).recipient
        asked = TestSerializer(data=request.data or {})
        asked.is_valid(raise_exception=True)
        if name := asked.validated_data.get("recipient"):
            mine = Recipient.objects.filter(tenant=principal(request).tenant, active=True)
            person = mine.filter(external_id=name).first()
            if person is None:
                raise serializers.ValidationError({"recipient": "Is not a person of this tenant."})
        sent = send_test(channel, now=db_now(), person=person)
        return Response({"deliveries": [one.public_id for one in sent]}, status=status.HTTP_202_ACCEPTED)


def _channel(request: Request, public_id: UUID) -> Channel:
    found = channels.find(principal(request).tenant, public_id)
    if found is None:
        raise NotFound
    return found


def _shown(channel: Channel, health: Condition, *, whole: bool) -> dict[str, Any]:
    fields = ("public_id", "kind", "name", "workflows", "position", "paused_at", "paused_because", "created_at")
    return {
        **{name: getattr(channel, name) for name in fields},
        "settings": channel.settings if whole else masked_settings(channel.settings),
        "paused": channel.paused_at is not None,
        "health": health,
    }


def _one(request: Request, channel: Channel) -> dict[str, Any]:
    found = with_latest(Channel.objects.filter(tenant=channel.tenant_id, pk=channel.pk)).get()
    whole = principal(request).may(Scope.ADMIN)
    shown = _shown(found, conditions([found])[found.pk], whole=whole)
    return dict(OneChannelSerializer({**shown, "secrets_set": channels.secret_names(found)}).data)


def _issued(request: Request, made: channels.Made, code: int) -> Response:
    return Response({**_one(request, made.channel), "issued_secrets": made.issued}, status=code)


def _kind(backend: Backend) -> dict[str, Any]:
    secrets = dict(backend.secrets_schema)
    written = {name: {**one, "writeOnly": True} for name, one in secrets.get("properties", {}).items()}
    return {
        "kind": backend.kind,
        "name": str(backend.name),
        "personal": backend.personal and not backend.by_choice,
        "team": backend.team,
        "settings": backend.settings_schema,
        "secrets": {**secrets, "properties": written} if written else secrets,
        "rotates": backend.rotates,
        "retries_after": backend.policy.steps,
        "at_once": backend.cap,
    }
