"""Codes in words: why somebody was not told, what a step does, what a payload's field holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

REASONS = {
    "done": gettext_lazy("Reached the end."),
    "cancelled": gettext_lazy("The run was cancelled before their turn."),
    "crash": gettext_lazy("Something broke on our side, and trying again did not help."),
    "disabled": gettext_lazy("All sending is switched off on this site."),
    "inactive": gettext_lazy("Is not active any more."),
    "off_by_workflow": gettext_lazy("Turned this notification off."),
    "off_by_category": gettext_lazy("Turned off notifications of this category."),
    "off_by_channel": gettext_lazy("Turned off this channel."),
    "off_by_everything": gettext_lazy("Turned off all notifications."),
    "template_failed": gettext_lazy("The text could not be made, so the workflow's name was sent instead."),
    "invalid_time": gettext_lazy("The time to wait for could not be read, so nobody waited."),
}
CHANNELS = {"inbox": gettext_lazy("Inbox")}
_TYPES = {
    "string": gettext_lazy("text"),
    "integer": gettext_lazy("whole number"),
    "number": gettext_lazy("number"),
    "boolean": gettext_lazy("true or false"),
    "array": gettext_lazy("list"),
    "object": gettext_lazy("object"),
}


@dataclass(frozen=True)
class StepWords:
    """A step: the drawing for it, its name, and what it does."""

    icon: str
    name: str
    detail: str


@dataclass(frozen=True)
class Field:
    """A field of a payload."""

    name: str
    type: str
    required: bool


def reason_in_words(code: str) -> str:
    """A code we do not know is still better than silence; what is a sentence already stays as it is."""
    return str(REASONS.get(code) or (code.replace("_", " ") if code.isidentifier() else code))


def step_in_words(step: Mapping[str, Any]) -> StepWords:
    match step.get("kind"):
        case "send":
            channel = str(CHANNELS.get(step["channel"], step["channel"]))
            return StepWords("inbox", channel, _("Sends to everyone who wants it there."))
        case "delay" if "seconds" in step:
            return StepWords("clock", _("Wait"), length_in_words(timedelta(seconds=step["seconds"])))
        case "delay":
            return StepWords("clock", _("Wait"), _("Until the time in “%(field)s”.") % {"field": step.get("until", "")})
        case kind:
            return StepWords("workflow", str(kind), "")


def length_in_words(length: timedelta) -> str:
    """The two largest units: 2 days 3 hours."""
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [
        ngettext("%(n)d day", "%(n)d days", days) % {"n": days} if days else "",
        ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours} if hours else "",
        ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes} if minutes else "",
        ngettext("%(n)d second", "%(n)d seconds", seconds) % {"n": seconds} if seconds else "",
    ]
    return " ".join([part for part in parts if part][:2])


def fields_of(schema: Mapping[str, Any]) -> list[Field]:
    """The fields at the top of a payload's schema, in its order."""
    needed = set(schema.get("required", ()))
    return [
        Field(name, _type(inner), name in needed) for name, inner in schema.get("properties", {}).items()
    ]  # fmt: skip


def _type(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(_type(one) for one in schema["anyOf"])
    kind = schema.get("format") or schema.get("type", "")
    return str(_TYPES.get(kind, kind)) or _("anything")
