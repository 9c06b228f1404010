"""What goes over the wire: the preferences of a person, strict on the way in. What fits the shape is checked further by
`checking.py`, which says what to do."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from notifications.api.fields import StrictSerializer

from ..models import Via
from ..times import CATEGORIES_MAX, WINDOWS_MAX, Frequency


class ChoiceSerializer(StrictSerializer):
    """Yes or no to a width: everything, a category or a workflow, on one channel or, without one, on each."""

    channel = serializers.CharField(max_length=32, allow_blank=True, default="")
    category = serializers.CharField(max_length=100, allow_blank=True, default="")
    workflow = serializers.CharField(max_length=100, allow_blank=True, default="")
    wanted = serializers.BooleanField(allow_null=True, help_text="null takes it back: then what is wider counts")


class QuietWindowSerializer(StrictSerializer):
    start = serializers.CharField(max_length=5, help_text="00:00 to 23:59, by the person's clock")
    end = serializers.CharField(max_length=5, help_text="00:00 to 24:00; before `start` it is of the next day")
    days = serializers.ListField(
        child=serializers.IntegerField(), required=False, help_text="On which it begins: 1 (Monday) to 7; or every day"
    )


class SendWindowSerializer(QuietWindowSerializer):
    channels = serializers.ListField(
        child=serializers.CharField(max_length=32), required=False, help_text="That it is about; or all"
    )


class StageSerializer(StrictSerializer):
    channel = serializers.CharField(max_length=32)
    after = serializers.IntegerField(help_text="Seconds since the level began")


class PoliciesSerializer(StrictSerializer):
    """Which channel first, and which after how long, when one is called in an escalation. `important` is for levels
    that are; without it `default` counts there too. A channel that is not named comes at once."""

    default = StageSerializer(many=True, required=False)
    important = StageSerializer(many=True, required=False)


class PreferencesChangeSerializer(StrictSerializer):
    """What is left out stays as it is with PATCH, and becomes nothing said with PUT."""

    zone = serializers.CharField(max_length=64, allow_blank=True, required=False, help_text="IANA; empty: the tenant's")
    zone_guess = serializers.CharField(
        max_length=64, allow_blank=True, required=False, help_text="The browser's zone: taken where none is known yet"
    )
    choices = ChoiceSerializer(many=True, required=False)
    quiet_hours = QuietWindowSerializer(many=True, allow_null=True, required=False, max_length=WINDOWS_MAX)  # type: ignore[call-arg]
    send_windows = SendWindowSerializer(many=True, allow_null=True, required=False, max_length=WINDOWS_MAX)  # type: ignore[call-arg]
    frequencies = serializers.DictField(
        child=serializers.ChoiceField(list(Frequency)),
        allow_null=True,
        required=False,
        help_text=f'By category; "" is every other. At most {CATEGORIES_MAX}',
    )
    digest_at = serializers.CharField(max_length=5, allow_blank=True, required=False, help_text="As 09:00")
    digest_day = serializers.IntegerField(allow_null=True, required=False, help_text="Of weekly digests, 1 is Monday")
    summaries = serializers.BooleanField(
        allow_null=True, required=False, help_text="One summary of several that were held"
    )
    snooze_until = serializers.DateTimeField(allow_null=True, required=False)
    policies = PoliciesSerializer(required=False)


class StoredChoiceSerializer(ChoiceSerializer):
    wanted = serializers.BooleanField()


class PreferencesSerializer(PreferencesChangeSerializer):
    """Everything that a person has said. null (or an empty text): nothing, so that the tenant's word counts.
    `zone_in_force`: by which their hours are reckoned."""

    zone_guess = None  # type: ignore[assignment]
    choices = StoredChoiceSerializer(many=True)
    zone_in_force = serializers.CharField()
    warnings = serializers.ListField(child=serializers.CharField(), help_text="What will not be as one might think")


class SnoozeSerializer(StrictSerializer):
    """One of them. `until` null ends it."""

    until = serializers.DateTimeField(allow_null=True, required=False)
    minutes = serializers.IntegerField(min_value=1, max_value=8 * 24 * 60, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError("Say either `until` or `minutes`.")
        return attrs


class WhySerializer(serializers.Serializer[Any]):
    rule = serializers.CharField(help_text="Which rule decided")
    width = serializers.CharField(allow_null=True, help_text="How wide the word was that decided")


class CellSerializer(WhySerializer):
    channel = serializers.CharField()
    on = serializers.BooleanField()
    choice = serializers.BooleanField(allow_null=True, help_text="The person's own word about exactly this")
    locked = serializers.BooleanField(help_text="Their word would change nothing")
    note = serializers.CharField(help_text="What the tenant says about its lock")
    text = serializers.CharField()


class LineSerializer(serializers.Serializer[Any]):
    """A workflow, or a category: then `workflow` is empty."""

    workflow = serializers.CharField()
    category = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    critical = serializers.BooleanField()
    cells = CellSerializer(many=True)


class MatrixChannelSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    name = serializers.CharField()


class MatrixSerializer(serializers.Serializer[Any]):
    """Each category is followed by its workflows; those of none come last."""

    channels = MatrixChannelSerializer(many=True)
    lines = LineSerializer(many=True)


class QuestionSerializer(StrictSerializer):
    workflow = serializers.CharField(max_length=100)
    at = serializers.DateTimeField(required=False, help_text="Now, if it is left out")


class AnswerSerializer(WhySerializer):
    channel = serializers.CharField()
    answer = serializers.ChoiceField(["send", "skip", "hold"])
    reason = serializers.CharField(help_text="A code; empty for `send`")
    until = serializers.DateTimeField(allow_null=True, help_text="Of `hold`: it leaves within two minutes after")
    text = serializers.CharField(help_text="In the language of the request")


class AnswersSerializer(serializers.Serializer[Any]):
    workflow = serializers.CharField()
    at = serializers.DateTimeField()
    zone = serializers.CharField()
    channels = AnswerSerializer(many=True)


class PreferencesActSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    by = serializers.CharField()
    via = serializers.ChoiceField(Via.choices)
    address = serializers.CharField(allow_null=True)
    said = serializers.ListField(child=serializers.DictField(), help_text="`what`, `before` and `after` of each")


class HistorySerializer(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = PreferencesActSerializer(many=True)


class HeldSerializer(serializers.Serializer[Any]):
    """One message that is held. `reason`: `snoozed`, `quiet_hours`, `digest_frequency` or `send_window`."""

    channel = serializers.CharField()
    workflow = serializers.CharField()
    category = serializers.CharField()
    title = serializers.CharField()
    reason = serializers.CharField()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()


class HeldPageSerializer(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = HeldSerializer(many=True)


class HeldCountSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()
