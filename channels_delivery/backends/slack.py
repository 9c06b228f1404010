"""Slack, by an incoming webhook: one channel of a workspace for each channel of ours. Mattermost and Rocket.Chat take
the same."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..backend import Words
from ..chat import blocks, replies
from ..chat.hook import ChatHook
from ..outbound.answer import Answer
from ..outcome import Outcome


class Slack(ChatHook):
    kind = "slack"
    name = "Slack"
    cap = 1
    rate = 1.0
    settings_schema: Mapping[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}

    def compose(self, words: Words) -> Mapping[str, Any]:
        return {"title": words.extra.get("header") or words.content.title, "message": blocks.message(words)}

    def body(self, parts: Mapping[str, Any], settings: Mapping[str, Any]) -> Mapping[str, Any]:
        message: Mapping[str, Any] = parts["message"]
        return message

    def read(self, answer: Answer, *, now: datetime) -> Outcome:
        return replies.of_slack(answer, now=now)


BACKEND = Slack()
