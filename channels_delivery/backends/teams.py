"""Microsoft Teams, by a flow of the Workflows app that posts what it gets into a channel or chat."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_noop

from ..backend import Words
from ..chat import card, replies
from ..chat.hook import ChatHook
from ..outbound.answer import Answer
from ..outcome import Outcome

MESSAGE, CARD = "message", "card"

SHAPE: Mapping[str, Any] = {
    "enum": [MESSAGE, CARD],
    "default": MESSAGE,
    "title": gettext_noop("What the flow takes"),
    "description": gettext_noop(
        "“message”: a message with the card attached, which most templates of Workflows take. “card”: the"
        " card alone. If a test does not arrive, try the other."
    ),
}


class Teams(ChatHook):
    kind = "teams"
    name = "Microsoft Teams"
    cap = 4
    rate = 4.0
    settings_schema: Mapping[str, Any] = {
        "type": "object",
        "properties": {"shape": SHAPE},
        "additionalProperties": False,
    }
    own_settings = settings_schema

    def compose(self, words: Words) -> Mapping[str, Any]:
        return {"title": words.extra.get("header") or words.content.title, "card": card.card(words)}

    def body(self, parts: Mapping[str, Any], settings: Mapping[str, Any]) -> Mapping[str, Any]:
        made: Mapping[str, Any] = parts["card"]
        if settings.get("shape") == CARD:
            return made
        attached = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": made}
        return {"type": "message", "attachments": [attached]}

    def read(self, answer: Answer, *, now: datetime) -> Outcome:
        return replies.of_teams(answer, now=now)


BACKEND = Teams()
