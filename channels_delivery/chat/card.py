"""Microsoft's Adaptive Card: a title, lines of text, who says it, and buttons. Of version 1.4, which Teams shows.

A text of a card is Markdown, so what values say is escaped: `[bank](https://…)`, `**`, `<at>` and `${…}` are read as
they were written. Links stand in buttons only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..backend import Words
from .text import cut, links, texts

BYTES_MAX = 14_000
"""Of a card as it is sent. Teams takes about 28 KB, counted in an encoding of its own that may double it."""

SCHEMES = ("http", "https", "mailto")
LINES_MAX, TITLE_MAX, LABEL_MAX, CONTEXT_MAX = 100, 300, 80, 300
ACTIONS_MAX = 5
"""What Microsoft's renderer takes unless its host says more; the rest would not be shown."""
_COLOURS = {"success": "Good", "warning": "Warning", "error": "Attention"}


def card(words: Words) -> dict[str, Any]:
    """The card of these words: where they are too long, lines are left out from the end, and a button leads to all."""
    content, (title, body, context) = words.content, texts(words)
    colour = _COLOURS.get(content.level, "Default")
    whole = _card(title, body, context, colour, links(content, schemes=SCHEMES, is_cut=False))
    if _fits(whole) and body.count("\n") < LINES_MAX:
        return whole
    buttons = links(content, schemes=SCHEMES, is_cut=True)
    while not _fits(_card(title, "", context, colour, buttons)):
        buttons.pop()

    def too_much(some: str) -> int:
        return 0 if _fits(_card(title, some, context, colour, buttons)) else len(body) + 1

    return _card(title, cut(body, len(body), size=too_much), context, colour, buttons)


def escaped(text: str) -> str:
    """As Markdown that shows `text` as it is. A line that would begin a list or a heading does not."""
    text = _MARKS.sub(r"\\\g<0>", text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _BEGINNINGS.sub(r"\1\\\2", text)


_MARKS = re.compile(r"[\\`*_{}\[\]()~|!$#]")
_BEGINNINGS = re.compile(r"^(\s*(?:\d+)?)([-+.=)])", re.MULTILINE)


def _card(title: str, body: str, context: str, colour: str, buttons: Sequence[tuple[str, str]]) -> dict[str, Any]:
    made_of = [_text(cut(title, TITLE_MAX), weight="Bolder", size="Medium", color=colour)] if title else []
    made_of += _lines(body)
    if context:
        made_of.append(_text(cut(context, CONTEXT_MAX), isSubtle=True, size="Small", spacing="Medium"))
    made: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": made_of,
        "msteams": {"width": "Full"},
    }
    if buttons:
        made["actions"] = [
            {"type": "Action.OpenUrl", "title": cut(label, LABEL_MAX), "url": url}
            for label, url in buttons[:ACTIONS_MAX]
        ]
    return made


def _lines(body: str) -> list[dict[str, Any]]:
    """A text each line, closer together than paragraphs: line breaks within one are not shown everywhere."""
    found: list[dict[str, Any]] = []
    after_gap = True
    for line in body.splitlines():
        if line.strip() and len(found) < LINES_MAX:
            found.append(_text(line, spacing="Default" if after_gap else "None"))
        after_gap = not line.strip()
    return found


def _text(text: str, **given: Any) -> dict[str, Any]:
    return {"type": "TextBlock", "text": escaped(text), "wrap": True, **given}


def _fits(whole: Mapping[str, Any]) -> bool:
    return len(encoded(whole)) <= BYTES_MAX


def encoded(body: Mapping[str, Any]) -> bytes:
    """As it goes over the wire."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
