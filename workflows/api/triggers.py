"""`POST trigger/` and `POST trigger/bulk/`: the front door over HTTP."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from notifications.api.fields import PathName, StrictSerializer
from notifications.api.parsers import BULK_BODY_MAX
from notifications.api.permissions import HasScope, principal
from notifications.api.problems import ProblemSerializer, by_field
from notifications.api.targets import TargetSerializer
from notifications.api.views import HubView
from notifications.models import Scope

from ..refusals import BadRequest, Refused
from ..trigger import BULK_MAX, Trigger, Triggered, dry_run, trigger_many

RECIPIENTS_MAX = 10_000


class RecipientSerializer(StrictSerializer):
    """Exactly one of these; beside `email`, what texts may say of whoever has it: `name`, `locale`, `zone`."""

    user = serializers.CharField(max_length=255, required=False, help_text="The person's external id")
    id = serializers.CharField(max_length=36, required=False, help_text="The person's id here")
    topic = serializers.CharField(max_length=200, required=False, help_text="Everybody who follows it")
    role = serializers.CharField(max_length=16, required=False, help_text="owner, admin or member")
    everyone = serializers.BooleanField(required=False)
    followers = serializers.BooleanField(required=False, help_text="Everybody who follows the `target`")
    email = serializers.CharField(max_length=254, required=False, help_text="Scope `addresses`: told by mail alone")
    name = serializers.CharField(max_length=200, required=False)
    locale = serializers.CharField(max_length=16, required=False)
    zone = serializers.CharField(max_length=64, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        profile = set(attrs) & {"name", "locale", "zone"}
        if len(attrs) - len(profile) != 1 or (profile and "email" not in attrs):
            forms = "user, id, topic, role, everyone, followers, email"
            raise serializers.ValidationError(f"Give exactly one of {forms}; a profile goes beside `email` alone.")
        return attrs


class TriggerSerializer(StrictSerializer):
    """One thing that happened. No recipients means the tenant's owners and admins."""

    workflow = serializers.CharField(max_length=100)
    payload = serializers.DictField(required=False, default=dict)
    recipients = RecipientSerializer(many=True, required=False, max_length=RECIPIENTS_MAX)  # type: ignore[call-arg]
    actor = RecipientSerializer(required=False, allow_null=True)
    idempotency_key = serializers.CharField(max_length=255, required=False, allow_null=True)
    transaction_id = PathName(max_length=100, required=False, allow_null=True)
    at = serializers.DateTimeField(required=False, allow_null=True, help_text="Not before this time")
    include_actor = serializers.BooleanField(required=False, default=False)
    target = TargetSerializer(required=False, allow_null=True)
    caused_by = serializers.CharField(
        max_length=100,
        required=False,
        allow_null=True,
        help_text="The transaction id of the run because of which this happened: by it loops are found",
    )
    dry_run = serializers.BooleanField(required=False, default=False)

    def to_trigger(self) -> Trigger:
        given = {name: value for name, value in self.validated_data.items() if name != "dry_run"}
        return Trigger(**given)


class UnderstoodSerializer(serializers.Serializer[Any]):
    people = serializers.IntegerField()
    topics = serializers.IntegerField()
    roles = serializers.ListField(child=serializers.CharField())
    everyone = serializers.BooleanField()
    followers = serializers.BooleanField()
    addresses = serializers.IntegerField()


class TriggeredSerializer(serializers.Serializer[Any]):
    transaction_id = serializers.CharField()
    run = serializers.UUIDField()
    status = serializers.CharField()
    recipients = UnderstoodSerializer()
    duplicate = serializers.BooleanField()


class PersonNameSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    user = serializers.CharField()
    name = serializers.CharField()


class ReachedSerializer(PersonNameSerializer):
    """`local_time`: where they are, when it would start. `channels`: what they would get. With the scope `read`."""

    zone = serializers.CharField(required=False)
    local_time = serializers.DateTimeField(required=False)
    channels = serializers.ListField(child=serializers.CharField(), required=False)


class SendSerializer(serializers.Serializer[Any]):
    """One send, if everything goes on as it is now. `held`: of those who are told, who is told later, by reason.
    `local_hours`: people by the hour where they are when they are told; `at_night`: those between 22 and 7. `level`: of
    an escalation, from 1, which is told so many `times` if nobody acknowledges."""

    step = serializers.CharField()
    channel = serializers.CharField()
    at = serializers.DateTimeField()
    people = serializers.IntegerField()
    teams = serializers.IntegerField()
    level = serializers.IntegerField(allow_null=True)
    times = serializers.IntegerField()
    skipped = serializers.DictField(child=serializers.IntegerField())
    held = serializers.DictField(child=serializers.IntegerField())
    local_hours = serializers.DictField(child=serializers.IntegerField())
    at_night = serializers.IntegerField()


class DryRunSerializer(serializers.Serializer[Any]):
    """`messages`: to people and teams in all. `left_out`: those of the people who are told nothing from the start, by
    reason. `estimated`: reckoned from a sample, beyond 1,000 people."""

    workflow = serializers.CharField()
    definition = serializers.CharField()
    people = serializers.IntegerField()
    messages = serializers.IntegerField()
    left_out = serializers.DictField(child=serializers.IntegerField())
    estimated = serializers.BooleanField()
    first = ReachedSerializer(many=True)
    sends = SendSerializer(many=True)
    steps = serializers.ListField(child=serializers.DictField())
    dry_run = serializers.BooleanField()


class BulkSerializer(StrictSerializer):
    triggers = serializers.ListField(child=serializers.DictField(), min_length=1, max_length=BULK_MAX)


class BulkAnswerSerializer(serializers.Serializer[Any]):
    """One answer each, in order: what a single call would have answered, with its status."""

    results = serializers.ListField(child=serializers.DictField())


class TriggerView(HubView):
    permission_classes = [HasScope]
    scope = read_scope = Scope.TRIGGER

    @extend_schema(
        request=TriggerSerializer,
        parameters=[OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)],
        responses={
            202: TriggeredSerializer,
            200: OpenApiResponse(DryRunSerializer, description="The answer to a dry run"),
            (400, "application/problem+json"): ProblemSerializer,
            (403, "application/problem+json"): ProblemSerializer,
            (404, "application/problem+json"): ProblemSerializer,
            (409, "application/problem+json"): ProblemSerializer,
            (422, "application/problem+json"): ProblemSerializer,
        },
        operation_id="trigger",
    )
    def post(self, request: Request) -> Response:
        """Say that something happened. The same Idempotency-Key and body again get the first answer again."""
        asked = TriggerSerializer(data=_with_header(request))
        asked.is_valid(raise_exception=True)
        tenant, addresses = principal(request).tenant, principal(request).may(Scope.ADDRESSES)
        if asked.validated_data["dry_run"]:
            found = dry_run(asked.to_trigger(), tenant=tenant, addresses=addresses).to_json()
            return Response(found if principal(request).may(Scope.READ) else _names_only(found))
        answer = trigger_many([asked.to_trigger()], tenant=tenant, addresses=addresses)[0]
        if isinstance(answer, Refused):
            raise answer
        return Response(
            answer.to_json(), status=202, headers={"Idempotency-Replay": "true"} if answer.duplicate else {}
        )


class BulkTriggerView(HubView):
    body_max = BULK_BODY_MAX
    permission_classes = [HasScope]
    scope = read_scope = Scope.TRIGGER

    @extend_schema(request=BulkSerializer, responses={200: BulkAnswerSerializer}, operation_id="trigger_bulk")
    def post(self, request: Request) -> Response:
        """Up to 1,000 triggers, independent of each other: one that is refused does not touch the rest."""
        asked = BulkSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        answers: list[Any] = [_parsed(one) for one in asked.validated_data["triggers"]]
        places = [place for place, one in enumerate(answers) if isinstance(one, Trigger)]
        caller = principal(request)
        chosen = [answers[place] for place in places]
        found = trigger_many(chosen, tenant=caller.tenant, addresses=caller.may(Scope.ADDRESSES))
        for place, answer in zip(places, found, strict=True):
            answers[place] = answer
        return Response({"results": [_result(answer) for answer in answers]})


def _names_only(found: dict[str, Any]) -> dict[str, Any]:
    """Where people are and what they chose is for who may read everything of the tenant."""
    plain = [{name: one[name] for name in ("id", "user", "name")} for one in found["first"]]
    return {**found, "first": plain}


def _with_header(request: Request) -> Any:
    key = request.headers.get("Idempotency-Key")
    if key is None or not isinstance(request.data, dict):
        return request.data
    if request.data.get("idempotency_key") not in (None, key):
        raise BadRequest("The Idempotency-Key header and the field `idempotency_key` differ.")
    return {**request.data, "idempotency_key": key}


def _parsed(one: dict[str, Any]) -> Trigger | Refused:
    asked = TriggerSerializer(data=one)
    if not asked.is_valid():
        return BadRequest("Some fields are missing or wrong.", code="invalid", errors=by_field(asked.errors))
    if asked.validated_data["dry_run"]:
        return BadRequest("A dry run goes alone, to trigger/.", code="invalid")
    return asked.to_trigger()


def _result(answer: Triggered | Refused) -> dict[str, Any]:
    if isinstance(answer, Triggered):
        return {"status_code": 202, **answer.to_json()}
    problem = {"status_code": answer.status, "code": answer.code, "title": answer.title, "detail": answer.detail}
    return {**problem, "errors": answer.errors} if answer.errors else problem
