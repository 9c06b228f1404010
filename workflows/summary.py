"""The summary of what was held: several messages of one channel in one, with words like those of any workflow.

A tenant gives it templates of its own, also in other languages, as those of the workflow `held.summary`. It stands in
no list, as nobody triggers it or switches it off: each message in it was decided about by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from notifications.kinds import kinds

from . import registry
from .define import Workflow, send

KEY = "held.summary"
SHOWN = 10
"""So many of its messages a summary shows; the count is of all."""

_TITLE = (
    "{{ payload.count }} messages waited for you"
    "{% if payload.items.size > 0 %}: {{ payload.items[0].title | truncate: 60 }}{% endif %}"
)
_BODY = (
    "{% for item in payload.items %}• {{ item.title }}"
    "{% if item.body != blank %}: {{ item.body | truncate: 140 }}{% endif %}"
    "{% if item.url != blank %} ({{ item.url }}){% endif %}\n{% endfor %}"
    "{% if payload.more > 0 %}… and {{ payload.more }} more.{% endif %}"
)
_TEXT = {"type": "string"}
_PAYLOAD: dict[str, Any] = {
    "type": "object",
    "required": ["count", "more", "items"],
    "properties": {
        "count": {"type": "integer"},
        "more": {"type": "integer"},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["title"],
                "properties": {
                    **dict.fromkeys(("title", "body", "url", "level", "actor", "workflow", "category"), _TEXT),
                    "at": {"type": "string", "format": "date-time"},
                },
            },
        },
    },
}
_SAMPLE = {
    "count": 3,
    "more": 1,
    "items": [
        {"title": "Invoice 17 is overdue", "body": "By 3 days.", "url": "/invoices/17", "level": "warning"},
        {"title": "Ana answered you", "body": "Looks good to me.", "url": "/threads/4", "level": "info"},
    ],
}


def summary() -> Workflow:
    """Its declaration: a send on each channel that can be held."""
    return _declared(tuple(sorted(kind.key for kind in kinds().values() if kind.personal and kind.holdable)))


@lru_cache(maxsize=16)
def _declared(channels: tuple[str, ...]) -> Workflow:
    return Workflow(
        key=KEY,
        name="What waited for you",
        description="Several messages that were held, in one.",
        payload=_PAYLOAD,
        sample=_SAMPLE,
        steps=[send(channel, title=_TITLE, body=_BODY) for channel in channels],
    )


def payload_of(contents: Sequence[tuple[Mapping[str, Any], str, str, datetime]]) -> dict[str, Any]:
    """What its texts see of these messages, each a content as JSON, its workflow, its category and when it came."""
    items = [
        {
            **{name: content.get(name, "") for name in ("title", "body", "url", "actor")},
            "level": content.get("level", "info"),
            "workflow": workflow,
            "category": category,
            "at": at.isoformat(),
        }
        for content, workflow, category, at in contents[:SHOWN]
    ]
    return {"count": len(contents), "more": len(contents) - len(items), "items": items}


registry.keep_unlisted(KEY, summary)
