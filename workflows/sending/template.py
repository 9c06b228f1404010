"""The template of a `send`: Liquid texts for a `Content`, and for what a kind takes beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any

from channels_delivery.composing import template_fields
from notifications import rendering
from notifications.content import LEVELS, Action, Content

HTML = "text/html"
_TEXT = {"type": "string"}
CONTENT_TEXTS = ("title", "body", "url", "icon", "image", "thread")
CONTENT_FIELDS: Mapping[str, Any] = {
    **dict.fromkeys(CONTENT_TEXTS, _TEXT),
    "level": {"enum": list(LEVELS)},
    "actions": {
        "type": "array",
        "maxItems": 5,
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["label", "url"],
            "properties": {"label": _TEXT, "url": _TEXT},
        },
    },
}


def template_schema(kind: str) -> dict[str, Any]:
    """JSON Schema of a template for this kind."""
    fields = {**template_fields(kind), **CONTENT_FIELDS}
    return {"type": "object", "additionalProperties": False, "properties": fields}


@dataclass(frozen=True)
class Rendering:
    """The words for one group of people. `extra` has the further texts of the kind that are not empty."""

    content: Content
    extra: Mapping[str, str]


@dataclass(frozen=True)
class Template:
    """The texts of one `send`. In those of `markup` values stand escaped, so that what a payload holds stays text."""

    texts: Mapping[str, Any]
    markup: frozenset[str] = frozenset()

    @classmethod
    def of(cls, texts: Mapping[str, Any], kind: str) -> Template:
        fields = template_fields(kind)
        return cls(texts, frozenset(name for name in texts if fields.get(name, {}).get("contentMediaType") == HTML))

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The paths that any text reads. A broken text reads none: it fails when rendered."""
        found: set[str] = set()
        for source in self._sources():
            with suppress(rendering.TemplateProblem):
                found |= rendering.paths(source)
        return tuple(sorted(found))

    def render(self, context: Mapping[str, Any], *, name: str, tab: int) -> Rendering:
        """`name` is the title where the template has none. Raises TemplateProblem."""
        texts = self.texts
        escaped = _escaped(context) if self.markup else context
        said = {
            field: rendering.render(text, escaped if field in self.markup else context)
            for field, text in texts.items()
            if isinstance(text, str)
        }
        content = Content(
            title=said.get("title", "").strip() or name,
            body=said.get("body", ""),
            url=said.get("url", "").strip(),
            level=texts.get("level", "info"),
            icon=said.get("icon", ""),
            image=said.get("image", "").strip(),
            actor=str(context["actor"]["name"]),
            actions=tuple(
                Action(rendering.render(action["label"], context), rendering.render(action["url"], context).strip())
                for action in texts.get("actions", ())
            ),
            thread=said.get("thread", "").strip(),
            tab=tab,
        )
        return Rendering(content, {field: text for field, text in said.items() if text and field not in CONTENT_FIELDS})

    def _sources(self) -> Iterator[str]:
        for value in self.texts.values():
            if isinstance(value, str):
                yield value
            else:
                yield from (text for action in value for text in action.values())


def _escaped(value: Any) -> Any:
    """The same with every text in it safe to stand in markup."""
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, Mapping):
        return {name: _escaped(one) for name, one in value.items()}
    return [_escaped(one) for one in value] if isinstance(value, list | tuple) else value
