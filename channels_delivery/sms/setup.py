"""A channel for SMS: its settings and secrets, and what is wrong with them, for whoever sets it up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ..outbound.words import url_advice
from .numbers import number_of
from .providers import PROVIDERS, provider_of

SEGMENTS, SEGMENTS_MAX = 3, 10
A_DAY, A_NUMBER, A_RANGE = 1_000, 10, 30
"""Where a channel says nothing: segments a day, messages to a number a day, messages to a range of numbers an hour."""


def _count(title: str, description: str, most: int, default: int) -> dict[str, Any]:
    limits = {"type": "integer", "minimum": 1, "maximum": most, "default": default}
    return {**limits, "title": title, "description": description}


SETTINGS: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "provider": {"enum": list(PROVIDERS), "title": gettext_noop("Provider")},
        "from": {
            "type": "string",
            "maxLength": 16,
            "title": gettext_noop("Sender"),
            "description": gettext_noop("A number of yours like +15550100, or a name of up to 11 letters and digits."),
        },
        "account": {
            "type": "string",
            "pattern": "^[A-Za-z0-9]{2,64}$",
            "title": gettext_noop("Account"),
            "description": gettext_noop("Twilio: the Account SID."),
        },
        "service": {
            "type": "string",
            "pattern": "^[A-Za-z0-9]{2,64}$",
            "title": gettext_noop("Messaging service"),
            "description": gettext_noop("Twilio: its SID, in place of a sender."),
        },
        "url": {
            "type": "string",
            "format": "uri",
            "maxLength": 500,
            "title": gettext_noop("Address"),
            "description": gettext_noop("Where the provider is asked. For Twilio only if it is not api.twilio.com."),
        },
        "countries": {
            "type": "array",
            "items": {"type": "string", "pattern": "^[A-Z]{2}$"},
            "minItems": 1,
            "maxItems": 250,
            "uniqueItems": True,
            "title": gettext_noop("Countries"),
            "description": gettext_noop("Two letters each, one a line. Numbers of any other country are refused."),
        },
        "segments": _count(
            gettext_noop("Segments a message"),
            gettext_noop("A longer text is cut. A segment has 160 characters, or 70 with any beyond the GSM alphabet."),
            SEGMENTS_MAX,
            SEGMENTS,
        ),
        "a_day": _count(
            gettext_noop("Segments a day"), gettext_noop("Nothing more leaves until the next day."), 10_000_000, A_DAY
        ),
        "a_number": _count(
            gettext_noop("Messages to a number a day"), gettext_noop("More are refused."), 1_000, A_NUMBER
        ),
        "a_range": _count(
            gettext_noop("Messages to a range an hour"),
            gettext_noop("A range are the numbers that differ only in their last three digits."),
            1_000_000,
            A_RANGE,
        ),
        "help": {
            "type": "string",
            "maxLength": 300,
            "title": gettext_noop("Answer to HELP"),
            "description": gettext_noop("Left out where the provider answers by itself."),
        },
    },
    "required": ["provider", "countries"],
    "additionalProperties": False,
}
SECRETS: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "token": {
            "type": "string",
            "minLength": 8,
            "maxLength": 500,
            "title": gettext_noop("Token"),
            "description": gettext_noop("Twilio: the Auth Token. Otherwise sent as a bearer token, if there is one."),
        },
        "signing": {
            "type": "string",
            "pattern": "^whsec_[A-Za-z0-9+/]{32,88}=*$",
            "title": gettext_noop("Signing secret"),
            "description": gettext_noop(
                "Of a provider by HTTP: signs what we ask and what it reports. whsec_ and base64."
            ),
        },
    },
    "additionalProperties": False,
}
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")


def faults(settings: Mapping[str, Any], secrets: Mapping[str, Any]) -> dict[str, str]:
    """Nothing where it can be used, as far as can be told without asking the network."""
    found: dict[str, str] = {}
    for field, words in (*_missing(settings, secrets), *_wrong(settings)):
        found.setdefault(field, words)
    return found


def _missing(settings: Mapping[str, Any], secrets: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    provider, given = provider_of(settings), {"settings": settings, "secrets": secrets}
    for field in provider.needs if provider else ():
        part, _dot, name = field.partition(".")
        if not given[part].get(name):
            yield field, _("Is missing: this provider needs it.")
    if not settings.get("from") and not settings.get("service"):
        yield "settings.from", _("Is missing: say who the messages are from.")


def _wrong(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    sender = str(settings.get("from", ""))
    if sender and not _NAME.fullmatch(sender) and not re.fullmatch(r"[0-9]{3,8}", sender) and not number_of(sender):
        yield "settings.from", _("Must be a number like +15550100, a short code, or a name of up to 11 letters.")
    if settings.get("url") and (advice := url_advice(str(settings["url"]))):
        yield "settings.url", advice
    if settings.get("service") and settings.get("provider") != "twilio":
        yield "settings.service", _("Only Twilio has these.")
