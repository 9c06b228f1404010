"""Previews over HTTP: for whom, with which payload, and what comes of it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from notifications.api.fields import StrictSerializer
from notifications.api.permissions import principal
from notifications.models import Recipient

from ..definition import Body
from ..payload import InvalidPayload, check_bounds, check_schema
from ..preview import Reader, Shown
from ..refusals import BadRequest


class ReaderSerializer(StrictSerializer):
    """For whom, and with what."""

    payload = serializers.DictField(required=False, help_text="The sample, unless given")
    locale = serializers.CharField(max_length=16, required=False, allow_blank=True)
    recipient = serializers.CharField(max_length=255, required=False, help_text="External id of who reads it")


class PreviewSerializer(ReaderSerializer):
    in_force = serializers.BooleanField(
        required=False, default=False, help_text="What a trigger would say now, templates included; else the draft"
    )


class ShownSerializer(serializers.Serializer[Any]):
    step = serializers.CharField(help_text="Where it stands in the workflow")
    channel = serializers.CharField()
    locale = serializers.CharField(help_text="The language whose texts were taken; empty for the default")
    content = serializers.DictField(help_text="What every channel gets")
    parts = serializers.DictField(help_text="What this channel's message is made of")
    measures = serializers.DictField(
        child=serializers.IntegerField(), help_text="What it takes: `segments` and `characters` of an SMS"
    )
    problem = serializers.CharField(help_text="What is wrong with the words, if anything is")


class ShownPageSerializer(serializers.Serializer[Any]):
    results = ShownSerializer(many=True)


def reader(request: Request, given: Any) -> Reader:
    """For whom a preview is rendered. Raises ValidationError for somebody who is not of this tenant."""
    tenant, person = principal(request).tenant, None
    if name := given.get("recipient"):
        person = Recipient.objects.filter(tenant=tenant, external_id=name, active=True).first()
        if person is None:
            raise serializers.ValidationError({"recipient": "Is not a person of this tenant."})
    return Reader.of(tenant, person=person, locale=given.get("locale", ""))


def checked(given: Any, body: Body) -> dict[str, Any] | None:
    """The payload of a preview, held against the schema as that of a trigger is."""
    payload: dict[str, Any] | None = given.get("payload")
    if payload is not None:
        try:
            check_bounds(payload)
            check_schema(payload, dict(body.payload_schema))
        except InvalidPayload as error:
            detail = "The payload does not fit the workflow."
            raise BadRequest(detail, code="invalid_payload", errors=error.errors) from error
    return payload


def shown_json(one: Shown) -> dict[str, Any]:
    said = {name: getattr(one, name) for name in ("step", "channel", "locale", "parts", "measures", "problem")}
    return {**said, "content": one.content.to_json()}
