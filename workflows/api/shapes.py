"""How workflows and their versions look over HTTP."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from notifications.api.fields import StrictSerializer
from notifications.api.problems import ProblemSerializer

from .. import dynamic
from ..design import DESCRIPTION_MAX, TAG_MAX, TAGS_MAX
from ..flaws import KEY_MAX, NAME_MAX
from ..listing import DYNAMIC, STATIC
from ..models import WorkflowStatus

REFUSED: dict[Any, Any] = {
    (400, "application/problem+json"): ProblemSerializer,
    (404, "application/problem+json"): ProblemSerializer,
    (409, "application/problem+json"): ProblemSerializer,
}


class _DesignSerializer(StrictSerializer):
    description = serializers.CharField(max_length=DESCRIPTION_MAX, required=False, allow_blank=True)
    tags = serializers.ListField(child=serializers.CharField(max_length=TAG_MAX), max_length=TAGS_MAX, required=False)
    category = serializers.CharField(max_length=KEY_MAX, required=False, allow_blank=True)
    critical = serializers.BooleanField(required=False, help_text="Reaches people even where they switched it off")
    tab = serializers.CharField(max_length=32, required=False)
    defaults = serializers.DictField(
        child=serializers.BooleanField(),
        required=False,
        help_text="On or off for people who said nothing, by channel; an empty name is every other",
    )
    payload_schema = serializers.DictField(required=False, help_text="JSON Schema (2020-12)")
    sample = serializers.DictField(required=False, help_text="A believable payload")
    steps = serializers.ListField(child=serializers.DictField(), required=False)


class NewWorkflowSerializer(_DesignSerializer):
    key = serializers.CharField(max_length=KEY_MAX)
    name = serializers.CharField(max_length=NAME_MAX)


class WorkflowChangesSerializer(_DesignSerializer):
    """What is left out stays; what is named is taken whole."""

    name = serializers.CharField(max_length=NAME_MAX, required=False)


class WorkflowSerializer(serializers.Serializer[Any]):
    """One workflow. Static ones are of the site, shared by all tenants, and only to look at."""

    key = serializers.CharField()
    origin = serializers.CharField(help_text=f"One of {STATIC}, {DYNAMIC}")
    status = serializers.CharField(help_text=f"One of {', '.join(WorkflowStatus.values)}")
    in_force = serializers.CharField(help_text="The hash of the version that a trigger starts; empty if there is none")
    changed = serializers.BooleanField(help_text="The draft says something else than what is in force")
    overridden = serializers.BooleanField(help_text="The tenant's own of this key is in force instead")
    problems = serializers.ListField(child=serializers.CharField())
    name = serializers.CharField(source="design.name")
    description = serializers.CharField(source="design.description")
    tags = serializers.ListField(child=serializers.CharField(), source="design.tags")
    category = serializers.CharField(source="design.category")
    critical = serializers.BooleanField(source="design.critical")
    tab = serializers.CharField(source="design.tab")
    defaults = serializers.DictField(child=serializers.BooleanField(), source="design.defaults")
    created_at = serializers.DateTimeField(allow_null=True)
    updated_at = serializers.DateTimeField(allow_null=True)


class OneWorkflowSerializer(WorkflowSerializer):
    payload_schema = serializers.DictField(source="design.payload_schema")
    sample = serializers.DictField(source="design.sample")
    steps = serializers.ListField(child=serializers.DictField(), source="design.steps")


class WorkflowPageSerializer(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = WorkflowSerializer(many=True)


class PublishSerializer(StrictSerializer):
    note = serializers.CharField(max_length=dynamic.NOTE_MAX, required=False, allow_blank=True, default="")


class RollbackSerializer(PublishSerializer):
    version = serializers.IntegerField(min_value=1, help_text="The number of the version to go back to")


class VersionSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    definition = serializers.CharField(source="definition_id", help_text="Its content hash, as runs name it")
    published_by = serializers.CharField()
    published_at = serializers.DateTimeField()
    note = serializers.CharField()


class VersionsSerializer(serializers.Serializer[Any]):
    results = VersionSerializer(many=True)


class ChangeSerializer(serializers.Serializer[Any]):
    where = serializers.CharField()
    verb = serializers.ChoiceField(["added", "removed", "changed"])
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)


class DiffSerializer(serializers.Serializer[Any]):
    changes = ChangeSerializer(many=True)


class FlawSerializer(serializers.Serializer[Any]):
    where = serializers.CharField()
    message = serializers.CharField()


class FindingsSerializer(serializers.Serializer[Any]):
    valid = serializers.BooleanField(help_text="It can be published")
    errors = FlawSerializer(many=True, help_text="What keeps it from being published")  # type: ignore[assignment]
    warnings = FlawSerializer(many=True, help_text="What looks like a mistake")
