"""How silences and inhibitions look over HTTP."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from notifications.api.fields import StrictSerializer

from .. import silences
from ..hush import NAME_MAX, REASON_MAX
from ..matching import EQUAL_MAX, LONGEST, NAMES_MAX
from ..models import Silence
from ..silence_preview import DAYS, DAYS_MAX


def _names(help_text: str, *, most: int = NAMES_MAX, required: bool = False) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(max_length=200), max_length=most, required=required, help_text=help_text
    )


class MatcherSerializer(StrictSerializer):
    """Everything that is named has to fit; of each list, one of its entries."""

    workflows = _names("Keys, with * and ?")
    categories = _names("Keys of categories")
    tags = _names("Of the tenant's own workflows")
    channels = _names("Kinds of channels; all, if left out")
    when = serializers.JSONField(required=False, help_text="A condition on payload, recipient, tenant and actor")
    critical = serializers.BooleanField(required=False, help_text="Also what is critical")


class CalendarSerializer(StrictSerializer):
    week = serializers.DictField(help_text='Windows by weekday: {"sat": [["22:00", "06:00"]]}')
    zone = serializers.CharField(max_length=64, required=False, allow_blank=True, help_text="The tenant's, if left out")


class WhileActiveSerializer(StrictSerializer):
    """The runs that keep an inhibition going."""

    workflows = _names("Keys, with * and ?", required=True)
    equal = _names("Paths at which both payloads say the same", most=EQUAL_MAX)
    when = serializers.JSONField(required=False, help_text="A condition on their payload")
    resolved_by = _names("Workflows, a later run of which ends it")
    seconds = serializers.FloatField(min_value=1, max_value=LONGEST, required=False, help_text="For so long, at most")


class _SaidSerializer(StrictSerializer):
    owner = serializers.CharField(max_length=NAME_MAX, required=False, help_text="Whom to ask; you, if left out")
    starts_at = serializers.DateTimeField(required=False, help_text="Now, if it is left out or past")
    ends_at = serializers.DateTimeField(required=False, allow_null=True)
    calendar = CalendarSerializer(required=False, allow_null=True)
    while_active = WhileActiveSerializer(required=False, allow_null=True, help_text="With it, it is an inhibition")


class NewSilenceSerializer(_SaidSerializer):
    """A silence has an end, or a calendar; an inhibition may have both."""

    name = serializers.CharField(max_length=NAME_MAX, help_text="What explanations say")
    reason = serializers.CharField(max_length=REASON_MAX)
    matcher = MatcherSerializer()


class SilenceChangesSerializer(_SaidSerializer):
    """What is left out stays; what is named is taken whole."""

    name = serializers.CharField(max_length=NAME_MAX, required=False)
    reason = serializers.CharField(max_length=REASON_MAX, required=False)
    matcher = MatcherSerializer(required=False)


class SilenceSerializer(serializers.Serializer[Any]):
    """`replaces` is the one that it came in place of. What it says never changes; `expired_at` is when it was ended
    before its time."""

    id = serializers.UUIDField(source="public_id")
    name = serializers.CharField()
    owner = serializers.CharField()
    reason = serializers.CharField()
    state = serializers.SerializerMethodField()
    matcher = MatcherSerializer()
    while_active = WhileActiveSerializer(allow_null=True)
    calendar = CalendarSerializer(allow_null=True)
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(allow_null=True)
    expired_at = serializers.DateTimeField(allow_null=True)
    expired_by = serializers.CharField()
    replaces = serializers.UUIDField(source="replaces.public_id", default=None, allow_null=True)
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()

    def get_state(self, row: Silence) -> str:
        """One of pending, active, resting (between windows of its calendar), ended."""
        return silences.state_of(row, now=self.context["now"])


class SilencePageSerializer(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = SilenceSerializer(many=True)


class WorkflowHitsSerializer(serializers.Serializer[Any]):
    workflow = serializers.CharField()
    runs = serializers.IntegerField()


class HitsSerializer(serializers.Serializer[Any]):
    days = serializers.IntegerField()
    runs = serializers.IntegerField(help_text="Of the last days, that it would have been about")
    people = serializers.IntegerField(help_text="Of these runs")
    waiting = serializers.IntegerField(help_text="People on their way now to what it would hold back")
    estimated = serializers.BooleanField(help_text="Not everything was looked at; the rest is reckoned")
    workflows = WorkflowHitsSerializer(many=True)
    examples = serializers.ListField(child=serializers.CharField(), help_text="Transaction ids, the newest first")


class DaysQuery(serializers.Serializer[Any]):
    days = serializers.IntegerField(min_value=1, max_value=DAYS_MAX, required=False, default=DAYS)


class SilencesQuery(serializers.Serializer[Any]):
    over = serializers.BooleanField(required=False, allow_null=True, default=None)
    inhibitions = serializers.BooleanField(required=False, allow_null=True, default=None)
