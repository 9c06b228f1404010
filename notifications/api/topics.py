"""`topics/`: what people of a tenant follow, who follows it under which condition, and what lies in it."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from .. import directory, topics
from ..models import Nesting, Recipient, Subscription, Topic
from .fields import PathName, StrictSerializer
from .people import CountSerializer, RecipientSerializer, TenantView, answer
from .permissions import principal
from .views import Pages


class TopicSerializer(serializers.ModelSerializer[Topic]):
    id = serializers.UUIDField(source="public_id", read_only=True)

    class Meta:
        model = Topic
        fields = ("id", "key", "name", "created_at")
        read_only_fields = ("created_at",)


class NewTopicSerializer(StrictSerializer):
    key = PathName(max_length=200)
    name = serializers.CharField(max_length=200, allow_blank=True, default="")


class FollowersSerializer(StrictSerializer):
    """External ids."""

    recipients = serializers.ListField(child=serializers.CharField(max_length=255), min_length=1, max_length=1000)


class SubscribersSerializer(FollowersSerializer):
    """With a `condition`, they are told of what goes to the topic that of which it is true."""

    condition = serializers.JSONField(required=False, allow_null=True)


class SubscriberSerializer(RecipientSerializer):
    condition = serializers.JSONField(allow_null=True)

    class Meta(RecipientSerializer.Meta):
        fields = (*RecipientSerializer.Meta.fields, "condition")  # type: ignore[assignment]


class InsideSerializer(StrictSerializer):
    """Keys of topics."""

    topics = serializers.ListField(child=serializers.CharField(max_length=200), min_length=1, max_length=1000)


class TopicsView(TenantView):
    @extend_schema(operation_id="topics_list", responses=TopicSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The tenant's topics."""
        pages = Pages()
        found = pages.paginate_queryset(Topic.objects.filter(tenant=principal(request).tenant), request, view=self)
        return pages.get_paginated_response(TopicSerializer(found or [], many=True).data)

    @extend_schema(operation_id="topics_create", request=NewTopicSerializer, responses={201: TopicSerializer})
    def post(self, request: Request) -> Response:
        """A new topic; one that is there already keeps its key and takes the name."""
        asked = NewTopicSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        tenant, said = principal(request).tenant, asked.validated_data
        topic, _ = Topic.objects.update_or_create(tenant=tenant, key=said["key"], defaults={"name": said["name"]})
        return Response(TopicSerializer(topic).data, status=status.HTTP_201_CREATED)


class TopicView(TenantView):
    @extend_schema(operation_id="topics_retrieve", responses=TopicSerializer)
    def get(self, request: Request, key: str) -> Response:
        """One topic."""
        return Response(TopicSerializer(_topic(request, key)).data)

    @extend_schema(operation_id="topics_delete", responses={204: None})
    def delete(self, request: Request, key: str) -> Response:
        """Remove it and its subscriptions."""
        Topic.objects.filter(tenant=principal(request).tenant, pk=_topic(request, key).pk).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class SubscribersView(TenantView):
    @extend_schema(operation_id="topics_subscribers", responses=SubscriberSerializer(many=True))
    def get(self, request: Request, key: str) -> Response:
        """Who follows it itself, and under which condition."""
        lines = Subscription.objects.filter(topic=_topic(request, key))
        people = Recipient.objects.filter(tenant=principal(request).tenant, pk__in=lines.values("recipient"))
        pages = Pages()
        found = pages.paginate_queryset(people, request, view=self) or []
        conditions = dict(lines.filter(recipient__in=found).values_list("recipient", "condition"))
        for one in found:
            one.condition = conditions.get(one.pk)  # type: ignore[attr-defined]
        return pages.get_paginated_response(SubscriberSerializer(found, many=True).data)

    @extend_schema(operation_id="topics_subscribe", request=SubscribersSerializer, responses=CountSerializer)
    def post(self, request: Request, key: str) -> Response:
        """Have these people follow it, all or none; those who do already, under this condition from now on."""
        topic = _topic(request, key)
        asked = SubscribersSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        names, condition = asked.validated_data["recipients"], asked.validated_data.get("condition")

        def follow() -> dict[str, int]:
            directory.subscribe(topic, names, condition=condition)
            return {"count": len(set(names))}

        return answer(follow)

    @extend_schema(operation_id="topics_unsubscribe", request=FollowersSerializer, responses=CountSerializer)
    def delete(self, request: Request, key: str) -> Response:
        """These people do not follow it any more."""
        topic, names = _topic(request, key), _followers(request)
        return Response({"count": directory.unsubscribe(topic, names)})


class InsideView(TenantView):
    @extend_schema(operation_id="topics_inside", responses=TopicSerializer(many=True))
    def get(self, request: Request, key: str) -> Response:
        """The topics that lie in it itself. Who follows one of those, or what lies in them, is told what goes to it."""
        inner = Nesting.objects.filter(outer=_topic(request, key)).values("inner")
        pages = Pages()
        rows = Topic.objects.filter(tenant=principal(request).tenant, pk__in=inner)
        found = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(TopicSerializer(found or [], many=True).data)

    @extend_schema(operation_id="topics_nest", request=InsideSerializer, responses=CountSerializer)
    def post(self, request: Request, key: str) -> Response:
        """Put these topics into it, all or none. Not in a circle, and not more than five deep."""
        topic, keys = _topic(request, key), _keys(request)

        def nest() -> dict[str, int]:
            topics.nest(topic, keys)
            return {"count": len(set(keys))}

        return answer(nest, wrong="Some topics are missing.")

    @extend_schema(operation_id="topics_unnest", request=InsideSerializer, responses=CountSerializer)
    def delete(self, request: Request, key: str) -> Response:
        """Take these topics out of it."""
        return Response({"count": topics.take_out(_topic(request, key), _keys(request))})


def _keys(request: Request) -> list[str]:
    asked = InsideSerializer(data=request.data)
    asked.is_valid(raise_exception=True)
    return list(asked.validated_data["topics"])


def _topic(request: Request, key: str) -> Topic:
    found = Topic.objects.filter(tenant=principal(request).tenant, key=key).first()
    if found is None:
        raise NotFound
    return found


def _followers(request: Request) -> list[str]:
    asked = FollowersSerializer(data=request.data)
    asked.is_valid(raise_exception=True)
    return list(asked.validated_data["recipients"])
