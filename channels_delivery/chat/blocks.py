"""Slack's Block Kit: a header, the text in sections, a line of context, and buttons. Cut to what Slack takes.

All texts are `plain_text`, in which nothing is markup, and `&`, `<` and `>` are escaped all the same: no value can call
a channel, mention anybody or hide where a link leads. Links stand in buttons only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..backend import Words
from .text import cut, links, texts

BLOCKS_MAX, SECTION_MAX, HEADER_MAX, BUTTON_MAX, CONTEXT_MAX = 50, 3_000, 150, 75, 1_000
TEXT_MAX = 500
"""Of `text`, which stands in notifications of the system and is read to those who do not see. Slack takes 4,000."""

WHOLE_MAX = 9_000
"""Characters of the whole message, as JSON. Slack refuses more than some 11,000 as `msg_blocks_too_long`."""

URL_MAX = 3_000


def message(words: Words) -> dict[str, Any]:
    """What is posted for these words. It is never larger than `WHOLE_MAX`."""
    title, body, context = texts(words)
    whole = _message(title, body, context, _buttons(words, is_cut=False))
    if not _too_large(whole):
        return whole
    buttons = _buttons(words, is_cut=True)
    while _too_large(_message(title, "", context, buttons)):  # long addresses; the first is where the whole of it is
        buttons.pop()
    fitting = cut(
        body, len(body), size=lambda some: len(body) + 1 if _too_large(_message(title, some, context, buttons)) else 0
    )
    return _message(title, fitting, context, buttons)


def escaped(text: str) -> str:
    """The three characters that mean something to Slack."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _message(title: str, body: str, context: str, buttons: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    blocks: list[dict[str, Any]] = [{"type": "header", "text": _plain(title, HEADER_MAX)}] if title else []
    blocks += [{"type": "section", "text": _plain(part, SECTION_MAX)} for part in _parts(body)]
    if context:
        blocks.append({"type": "context", "elements": [_plain(context, CONTEXT_MAX)]})
    if buttons:
        blocks.append({"type": "actions", "elements": list(buttons)})
    said = "\n".join(one for one in (title, body) if one)
    return {"text": _cut(said, TEXT_MAX), "blocks": blocks[:BLOCKS_MAX], "unfurl_links": False, "unfurl_media": False}


def _parts(body: str) -> list[str]:
    """The body in pieces that fit into a section each, broken between lines or words where there are any."""
    parts: list[str] = []
    while body:
        piece = _first(body)
        parts.append(piece.strip() or piece)
        body = body[len(piece) :].lstrip()
    return [part for part in parts if part.strip()]


def _first(body: str) -> str:
    if len(escaped(body)) <= SECTION_MAX:
        return body
    fits = len(cut(body, SECTION_MAX, size=lambda some: len(escaped(some)))) - 1
    edge = max(body.rfind("\n", fits // 2, fits), body.rfind(" ", fits // 2, fits))
    return body[: edge if edge > 0 else fits]


def _buttons(words: Words, *, is_cut: bool) -> list[dict[str, Any]]:
    found = links(words.content, schemes=("http", "https"), is_cut=is_cut)
    return [
        {"type": "button", "text": _plain(label, BUTTON_MAX), "url": url, "action_id": f"link_{place}"}
        for place, (label, url) in enumerate(found)
        if len(url) <= URL_MAX
    ]


def _plain(text: str, room: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": _cut(text, room), "emoji": False}


def _cut(text: str, room: int) -> str:
    return escaped(cut(text, room, size=lambda some: len(escaped(some))))


def _too_large(whole: Mapping[str, Any]) -> bool:
    return len(json.dumps(whole, ensure_ascii=False)) > WHOLE_MAX or len(whole["blocks"]) > BLOCKS_MAX
