"""`POST workflows/{key}/simulate/`: play a workflow, or a draft of one, against a virtual clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from threading import BoundedSemaphore
from typing import Any, get_args

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from channels_delivery.outcome import Code
from notifications.api.fields import StrictSerializer
from notifications.api.permissions import HasScope, principal
from notifications.api.problems import ProblemSerializer
from notifications.api.targets import TargetSerializer
from notifications.api.views import HubView
from notifications.models import Recipient, Role, Scope, Tenant

from ..hush import Hush
from ..refusals import BadRequest, Busy
from ..simulate import LASTS, LASTS_MAX, Act, Cancel, Event, Expire, Failure, Fire, Persona, Publish, Wish, simulate
from ..simulation.cast import PEOPLE_MAX, Somebody
from ..simulation.events import ACTS, EVENTS_MAX, EVERYBODY
from ..simulation.timeline import Timeline, What
from .silence_shapes import NewSilenceSerializer
from .triggers import RECIPIENTS_MAX, RecipientSerializer

AT_ONCE = BoundedSemaphore(2)
"""Simulations of one process: each may keep a thread and a connection for ten seconds, which others need as well."""


class WishSerializer(StrictSerializer):
    """Yes or no to a channel, a category or a workflow; with none of them, to everything."""

    channel = serializers.CharField(max_length=32, required=False)
    category = serializers.CharField(max_length=100, required=False)
    workflow = serializers.CharField(max_length=100, required=False)
    wanted = serializers.BooleanField(required=False, default=False)


class SomebodySerializer(StrictSerializer):
    """Somebody made up, called `user`; or a copy of the real person with the external id `copy`, alone."""

    user = serializers.CharField(max_length=255, required=False)
    copy = serializers.CharField(max_length=255, required=False)
    name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    email = serializers.CharField(max_length=254, required=False, allow_blank=True, help_text="Made up if not given")
    phone = serializers.CharField(max_length=32, required=False, allow_blank=True)
    locale = serializers.CharField(max_length=16, required=False, allow_blank=True)
    zone = serializers.CharField(max_length=64, required=False, allow_blank=True)
    role = serializers.ChoiceField(choices=Role.values, required=False)
    attributes = serializers.DictField(required=False)
    topics = serializers.ListField(child=serializers.CharField(max_length=200), required=False, max_length=100)
    conditions = serializers.DictField(required=False, help_text="Of their subscriptions, by topic")
    follows = TargetSerializer(many=True, required=False)
    mutes = TargetSerializer(many=True, required=False)
    cannot_see = TargetSerializer(many=True, required=False)
    wishes = WishSerializer(many=True, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("user" in attrs) == ("copy" in attrs) or ("copy" in attrs and len(attrs) > 1):
            raise serializers.ValidationError("Give `user` for somebody made up, or `copy` alone for a real person.")
        return attrs


class HappeningSerializer(StrictSerializer):
    """What happens, `after` so many seconds: a `trigger`, a `cancel`, a `publish` of another version, a `silence` that
    begins, one that is `expire`d by its `name`, or what `user` does with everything in their inbox."""

    kind = serializers.ChoiceField(choices=["trigger", "cancel", "publish", "silence", "expire", *ACTS])
    after = serializers.FloatField(min_value=0, max_value=LASTS_MAX.total_seconds(), required=False, default=0)
    payload = serializers.DictField(required=False, help_text="Of a trigger; the sample, if it is not given")
    recipients = RecipientSerializer(many=True, required=False, max_length=RECIPIENTS_MAX)  # type: ignore[call-arg]
    actor = RecipientSerializer(required=False)
    target = TargetSerializer(required=False)
    include_actor = serializers.BooleanField(required=False, default=False)
    workflow = serializers.CharField(max_length=100, required=False, help_text="Another one than the simulated")
    run = serializers.CharField(
        max_length=100, required=False, help_text="The name of a run: run-1, run-2… if not given"
    )
    user = serializers.CharField(max_length=255, required=False)
    definition = serializers.DictField(required=False)
    silence = NewSilenceSerializer(required=False)
    name = serializers.CharField(max_length=200, required=False, help_text="Of the silence that ends before its time")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        needed = {"publish": "definition", "silence": "silence", "expire": "name"} | dict.fromkeys(ACTS, "user")
        missing = needed.get(attrs["kind"])
        if missing and missing not in attrs:
            raise serializers.ValidationError({missing: "Is missing."})
        return attrs


class FailureSerializer(StrictSerializer):
    """Messages on this channel to this person fail the first so many tries; left out: any, anybody, all."""

    channel = serializers.CharField(max_length=32, required=False)
    user = serializers.CharField(max_length=255, required=False)
    tries = serializers.IntegerField(min_value=1, required=False)
    code = serializers.ChoiceField(choices=list(get_args(Code)), required=False)
    permanent = serializers.BooleanField(required=False)


class SimulateSerializer(StrictSerializer):
    """Who plays, what happens, what goes wrong. Nothing told: the sample, once, to one person."""

    definition = serializers.DictField(required=False, help_text="A draft to play in place of what is published")
    count = serializers.IntegerField(min_value=1, max_value=PEOPLE_MAX, required=False, help_text="So many made up")
    people = SomebodySerializer(many=True, required=False, max_length=PEOPLE_MAX)  # type: ignore[call-arg]
    events = HappeningSerializer(many=True, required=False, max_length=EVENTS_MAX)  # type: ignore[call-arg]
    failures = FailureSerializer(many=True, required=False, max_length=100)  # type: ignore[call-arg]
    start = serializers.DateTimeField(required=False, help_text="Now, if it is not given")
    days = serializers.FloatField(min_value=0.001, max_value=LASTS_MAX.days, required=False, default=LASTS.days)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "count" in attrs and "people" in attrs:
            raise serializers.ValidationError("Give `count` or `people`, not both.")
        return attrs


class EntrySerializer(serializers.Serializer[Any]):
    """One thing that happened. What is empty is left out; without `person` it is about the run, with an empty one
    about its teams."""

    at = serializers.DateTimeField()
    what = serializers.ChoiceField(choices=[what.value for what in What])
    person = serializers.CharField(required=False)
    run = serializers.CharField(required=False)
    step = serializers.CharField(required=False)
    channel = serializers.CharField(required=False)
    title = serializers.CharField(required=False)
    reason = serializers.CharField(required=False)
    detail = serializers.CharField(required=False)
    until = serializers.DateTimeField(required=False)


class TimelineSerializer(serializers.Serializer[Any]):
    """`finished`: nothing waits any more."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    finished = serializers.BooleanField()
    entries = EntrySerializer(many=True)


class SimulateView(HubView):
    permission_classes = [HasScope]
    scope = read_scope = Scope.READ

    @extend_schema(
        request=SimulateSerializer,
        responses={
            200: OpenApiResponse(TimelineSerializer),
            (400, "application/problem+json"): ProblemSerializer,
            (404, "application/problem+json"): ProblemSerializer,
            (422, "application/problem+json"): ProblemSerializer,
            (429, "application/problem+json"): ProblemSerializer,
        },
        operation_id="workflows_simulate",
    )
    def post(self, request: Request, key: str) -> Response:
        """Play it. Nobody is told anything, and nothing is kept."""
        asked = SimulateSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given, tenant = asked.validated_data, principal(request).tenant
        if not AT_ONCE.acquire(blocking=False):
            raise Busy("Other simulations are being played. Try again in a moment.")
        try:
            return Response(_played(key, given, tenant).to_json())
        finally:
            AT_ONCE.release()


def _played(key: str, given: Mapping[str, Any], tenant: Tenant) -> Timeline:
    draft = given.get("definition")
    return simulate(
        {"name": key, **draft, "key": key} if draft is not None else key,
        people=_people(given["people"], tenant) if "people" in given else given.get("count", 1),
        events=[_event(one, key) for one in given.get("events", ())],
        failures=[
            Failure(**{_PERSON.get(name, name): value for name, value in one.items()})
            for one in given.get("failures", ())
        ],
        tenant=tenant,
        start=given.get("start"),
        lasts=timedelta(days=given["days"]),
    )


_PERSON = {"user": "person"}


def _people(given: Sequence[Mapping[str, Any]], tenant: Tenant) -> list[Somebody]:
    """Real ones by their external ids, in one query."""
    wanted = [one["copy"] for one in given if "copy" in one]
    real = {one.external_id: one for one in Recipient.objects.filter(tenant=tenant, external_id__in=wanted)}
    if unknown := sorted(set(wanted) - set(real)):
        raise BadRequest("Some people are not in this tenant.", errors=dict.fromkeys(unknown, "is not known"))
    return [real[one["copy"]] if "copy" in one else _persona(one) for one in given]


def _persona(given: Mapping[str, Any]) -> Persona:
    return Persona(**{**given, "wishes": tuple(Wish(**wish) for wish in given.get("wishes", ()))})


def _event(given: Mapping[str, Any], key: str) -> Event:
    after = timedelta(seconds=given["after"])
    match given["kind"]:
        case "trigger":
            fire = Fire(
                given.get("payload"),
                given.get("recipients", EVERYBODY),
                given.get("actor"),
                given.get("workflow", ""),
                given.get("run"),
                given["include_actor"],
                given.get("target"),
            )
            return Event(fire, after)
        case "cancel":
            return Event(Cancel(given["run"]) if "run" in given else Cancel(), after)
        case "publish":
            return Event(Publish({"name": key, **given["definition"], "key": key}), after)
        case "silence":
            return Event(Hush.from_json(given["silence"]), after)
        case "expire":
            return Event(Expire(given["name"]), after)
        case kind:
            return Event(Act(kind, given["user"], given.get("run", "run-1")), after)
