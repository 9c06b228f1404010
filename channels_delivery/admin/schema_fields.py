"""Form fields out of a JSON Schema: what a channel needs to know, asked for in a form instead of as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

LONG, LONG_SECRET = 300, 1_000
"""From this length on a text gets several lines. A password is never so long; a key file is."""

Schema = Mapping[str, Any]


class LinesField(forms.CharField):
    """A list of texts, one a line."""

    widget = forms.Textarea(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        return [line.strip() for line in str(value or "").splitlines() if line.strip()]


class PairsField(forms.CharField):
    """Names and values, `Name: value` a line."""

    widget = forms.Textarea(attrs={"rows": 3, "placeholder": "X-Team: support"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(f"{name}: {one}" for name, one in value.items()) if isinstance(value, Mapping) else value

    def to_python(self, value: Any) -> Any:
        lines = [line for line in str(value or "").splitlines() if line.strip()]
        if wrong := [line for line in lines if ":" not in line]:
            raise forms.ValidationError(_("Write “Name: value”, one a line; this has no colon: %s") % wrong[0])
        parts = [line.partition(":") for line in lines]
        return {name.strip(): value.strip() for name, _colon, value in parts}


def fields_of(schema: Schema) -> dict[str, forms.Field]:
    """A field for each property, by name. What is wrong with a value is told by the schema, not by the field."""
    needed = schema.get("required", ())
    return {name: _field(name, one, name in needed) for name, one in schema.get("properties", {}).items()}


def secret_fields_of(schema: Schema) -> dict[str, forms.Field]:
    """The same for secrets: what is there is never shown, and an empty field leaves it as it is."""
    return {name: _secret(name, one) for name, one in schema.get("properties", {}).items()}


def is_empty(value: Any) -> bool:
    """Left out of the form, and so of the settings."""
    return value is None or value in ("", [], {})


def as_secret(value: str, schema: Schema) -> Any:
    """What was typed, as the schema wants it: a list takes a secret a line."""
    return value.split() if schema.get("type") == "array" else value


def label(name: str, schema: Schema) -> Any:
    return _said(schema, "title") or name.replace("_", " ").capitalize()


def _said(schema: Schema, what: str) -> str:
    """Schemas are plain JSON; their texts are translated where they are shown."""
    return gettext(schema[what]) if schema.get(what) else ""


def _field(name: str, schema: Schema, needed: bool) -> forms.Field:
    given: dict[str, Any] = {
        "label": label(name, schema),
        "help_text": _said(schema, "description"),
        "required": needed and schema.get("type") != "boolean",
        "initial": schema.get("default"),
    }
    if "enum" in schema:
        offered = [(str(one), str(one)) for one in schema["enum"]]
        return forms.ChoiceField(choices=offered if needed else [("", "–"), *offered], **given)
    match schema.get("type"):
        case "boolean":
            return forms.BooleanField(**given)
        case "integer":
            return forms.IntegerField(**given)
        case "number":
            return forms.FloatField(**given)
        case "array" if schema.get("items", {}).get("type") == "string":
            return LinesField(**{**given, "help_text": given["help_text"] or _("One a line.")})
        case "object" if schema.get("additionalProperties", {}) == {"type": "string"}:
            return PairsField(**given)
        case "string":
            return forms.CharField(widget=_input(schema), **given)
        case _:
            return forms.JSONField(**given)


def _input(schema: Schema) -> forms.Widget:
    wide = {"class": "vTextField"}
    if schema.get("format") == "uri":
        return forms.URLInput(attrs={"class": "vURLField"})
    if schema.get("format") == "email":
        return forms.EmailInput(attrs=wide)
    return forms.Textarea(attrs={"rows": 4}) if schema.get("maxLength", 0) > LONG else forms.TextInput(attrs=wide)


def _secret(name: str, schema: Schema) -> forms.Field:
    """Several lines only where a secret has them (a key file): then it is seen while it is typed."""
    quiet = {"autocomplete": "new-password", "class": "vTextField", "spellcheck": "false"}
    many = schema.get("maxLength", 0) > LONG_SECRET
    widget = forms.Textarea(attrs={"rows": 4}) if many else forms.PasswordInput(render_value=False, attrs=quiet)
    return forms.CharField(
        label=label(name, schema), help_text=_said(schema, "description"), required=False, widget=widget
    )
