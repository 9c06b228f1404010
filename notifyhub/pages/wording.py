"""Codes in words: what a step does, what a payload's field holds, what a receiver was told to answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from notifyhub import chats
from notifyhub.catcher import Manner, Verdict
from workflows import registry
from workflows.reasons import kind_in_words

SENDS = {
    "email": gettext_lazy("Sends to everyone who wants it there, and to the lists that listen to it."),
    "webhook": gettext_lazy("Calls the team's systems that listen to it, and webhooks of people's own."),
    "slack": gettext_lazy("Posts into the team's channels that listen to it, and into people's own Slack."),
    "teams": gettext_lazy("Posts into the team's channels that listen to it, and into people's own Teams."),
}
ICONS = {"inbox": "inbox", "email": "mail", "webhook": "webhook", "slack": "people", "teams": "people", "push": "bell"}
OTHERS: Mapping[str, tuple[str, Any, Any]] = {
    "digest": ("clock", gettext_lazy("Collect"), gettext_lazy("Collects what happens, and tells all of it together.")),
    "wait_for": ("clock", gettext_lazy("Wait"), gettext_lazy("Until it is heard of, or the time is over.")),
    "escalate": ("people", gettext_lazy("Escalate"), gettext_lazy("Level after level, until somebody acknowledges.")),
}
VERDICTS = {
    Verdict.GOOD: gettext_lazy("The signature fits."),
    Verdict.UNSIGNED: gettext_lazy("It is not signed: webhook-id, webhook-timestamp or webhook-signature is missing."),
    Verdict.MALFORMED: gettext_lazy("What should be its signature cannot be read."),
    Verdict.OLD: gettext_lazy("It was signed more than five minutes ago: somebody may be sending an old one again."),
    Verdict.EARLY: gettext_lazy("It says that it was signed in the future: one of the two clocks is wrong."),
    Verdict.WRONG: gettext_lazy("The signature fits no secret of your webhooks: it is not from us, or was changed."),
    Verdict.NO_KEY: gettext_lazy("There is no webhook with a signing secret to verify it with."),
}
MANNERS = {
    Manner.ERROR: gettext_lazy("500, an error of the receiver"),
    Manner.AWAY: gettext_lazy("503, come back later"),
    Manner.GONE: gettext_lazy("410, gone for good"),
    Manner.SLOW: gettext_lazy("204, but only after ten seconds"),
}
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


def workflow_in_words(key: str) -> str:
    """The name of a workflow, or its key where there is none of that key."""
    workflow = registry.get(key)
    return workflow.name if workflow else key


def verdict_in_words(verdict: Verdict) -> str:
    return str(VERDICTS[verdict])


def chat_manner_in_words(manner: chats.Manner) -> str:
    """An answer of a room as a menu names it."""
    match manner:
        case chats.Manner.BUSY:
            return _("429: too many, ask again in %(n)d seconds") % {"n": chats.PATIENCE}
        case chats.Manner.BROKEN:
            return _("a server error")
        case chats.Manner.GONE:
            return _("gone for good")


def manner_in_words(manner: Manner) -> str:
    """An answer as a menu names it."""
    return str(MANNERS[manner])


def step_in_words(step: Mapping[str, Any]) -> StepWords:
    match step.get("kind"):
        case "send":
            kind = step["channel"]
            detail = str(SENDS.get(kind) or _("Sends to everyone who wants it there."))
            return StepWords(ICONS.get(kind, "external"), kind_in_words(kind), detail)
        case "delay" if "seconds" in step:
            return StepWords("clock", _("Wait"), length_in_words(timedelta(seconds=step["seconds"])))
        case "delay" if "at" in step:
            return StepWords("clock", _("Wait"), _("Until %(time)s by each person's clock.") % {"time": step["at"]})
        case "delay" if "working_hours" in step:
            return StepWords("clock", _("Wait"), _("Until working hours by each person's clock."))
        case "delay":
            return StepWords("clock", _("Wait"), _("Until the time in “%(field)s”.") % {"field": step.get("until", "")})
        case "condition":
            return StepWords("workflow", _("Decide"), _("Goes on in one of two ways, as its condition says."))
        case "throttle":
            most, within = step["most"], length_in_words(timedelta(seconds=step["seconds"]))
            at_most = ngettext(
                "At most %(n)d in %(time)s for each person.", "At most %(n)d in %(time)s for each person.", most
            )
            return StepWords("clock", _("Limit"), at_most % {"n": most, "time": within})
        case "call":
            return StepWords("workflow", _("Ask"), _("Asks a function of this site about each person."))
        case "fetch":
            return StepWords("external", _("Ask"), _("Asks another server, once for everybody."))
        case kind:
            icon, name, detail = OTHERS.get(str(kind), ("workflow", str(kind), ""))
            return StepWords(icon, str(name), str(detail))


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
