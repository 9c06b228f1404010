"""The template of a `send`: Liquid texts for a `Content`, and for what a kind takes beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import Any

from channels_delivery.composing import template_fields
from notifications import rendering
from notifications.content import LEVELS, Action, Content

from ..context import reads

HTML, MARKDOWN = "text/html", "text/markdown"
LOCALE = r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,2}"
"""How a language is written: `de`, `de-at` for those of one region, `zh-hant-tw` with a script."""

_MARKS = re.compile(r"[!-/:-@\[-`{-~]")
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


BODIES = ("body", "html", "markdown", "text")
"""Ways to write one thing. Who gives one of them anew does not want the others of before beside it."""


def merged(texts: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`texts` with those of `over` in their place."""
    anew = any(name in over for name in BODIES)
    kept = {name: text for name, text in texts.items() if not (anew and name in BODIES)}
    return {**kept, **over}


def template_schema(kind: str) -> dict[str, Any]:
    """JSON Schema of a template for this kind."""
    fields = {**template_fields(kind), **CONTENT_FIELDS}
    return {"type": "object", "additionalProperties": False, "properties": fields}


def locales_schema(kind: str) -> dict[str, Any]:
    """JSON Schema of the texts of a `send` in other languages; each has what differs from the template."""
    names = {"pattern": f"^{LOCALE}$"}
    return {
        "type": "object",
        "maxProperties": 100,
        "propertyNames": names,
        "additionalProperties": template_schema(kind),
    }


@dataclass(frozen=True)
class Rendering:
    """The words for one group of people, in their language if it has a template. `extra` has the further texts of the
    kind that are not empty."""

    content: Content
    extra: Mapping[str, str]
    locale: str = ""


@dataclass(frozen=True)
class Templates:
    """The template of a `send`, and those for people of other languages."""

    default: Template
    by_locale: Mapping[str, Template] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Mapping[str, Any], kind: str) -> Templates:
        texts = settings.get("template", {})
        variants = {
            locale: Template.of(merged(texts, variant), kind, locale=locale)
            for locale, variant in settings.get("locales", {}).items()
        }
        return cls(Template.of(texts, kind), variants)

    def pick(self, locale: str) -> Template:
        """The one for this language, script and region, else with one part less at a time (RFC 4647, lookup), else the
        default."""
        name = locale.replace("_", "-").lower() if self.by_locale else ""
        while name and name not in self.by_locale:
            name = name.rpartition("-")[0]
        return self.by_locale.get(name, self.default)

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The paths that any of them reads."""
        return tuple(sorted({path for one in (self.default, *self.by_locale.values()) for path in one.paths}))

    @property
    def needs_profiles(self) -> bool:
        """Whether it depends on the person what is said."""
        return bool(self.by_locale or reads(self.default.paths, "recipient"))


@dataclass(frozen=True)
class Template:
    """The texts of one `send`. In those of `markup` values stand escaped, so that what a payload holds stays text."""

    texts: Mapping[str, Any]
    markup: frozenset[str] = frozenset()
    markdown: frozenset[str] = frozenset()
    locale: str = ""

    @classmethod
    def of(cls, texts: Mapping[str, Any], kind: str, *, locale: str = "") -> Template:
        media = {name: field.get("contentMediaType") for name, field in template_fields(kind).items()}
        return cls(
            texts,
            frozenset(name for name in texts if media.get(name) == HTML),
            frozenset(name for name in texts if media.get(name) == MARKDOWN),
            locale,
        )

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The paths that any text reads. A broken text reads none: it fails when rendered."""
        found: set[str] = set()
        for source in self._sources():
            with suppress(rendering.TemplateProblem):
                found |= rendering.paths(source)
        return tuple(sorted(found))

    def render(self, context: Mapping[str, Any], *, title: str, tab: int) -> Rendering:
        """`title` is what stands there where the template has none. Raises TemplateProblem."""
        texts = self.texts
        in_html = _escaped(context, escape) if self.markup else context
        in_markdown = _escaped(context, markdown_escape) if self.markdown else context
        said = {
            name: rendering.render(
                text, in_html if name in self.markup else in_markdown if name in self.markdown else context
            )
            for name, text in texts.items()
            if isinstance(text, str)
        }
        content = Content(
            title=said.get("title", "").strip() or title,
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
        extra = {name: text for name, text in said.items() if text and name not in CONTENT_FIELDS}
        return Rendering(content, extra, self.locale)

    def _sources(self) -> Iterator[str]:
        for value in self.texts.values():
            if isinstance(value, str):
                yield value
            else:
                yield from (text for action in value for text in action.values())


def markdown_escape(text: str) -> str:
    """Text that Markdown takes for nothing but text: a backslash before each mark, on one line."""
    return _MARKS.sub(r"\\\g<0>", " ".join(text.split()) if text[:1].isspace() or "\n" in text else text)


def _escaped(value: Any, how: Callable[[str], str]) -> Any:
    """The same with every text in it safe to stand in markup."""
    if isinstance(value, str):
        return how(value)
    if isinstance(value, Mapping):
        return {name: _escaped(one, how) for name, one in value.items()}
    return [_escaped(one, how) for one in value] if isinstance(value, list | tuple) else value
