"""A message as its receiver shows it, read back from what was posted: for previews, and for the catcher of `make run`.

It reads as Slack and Teams do, so that what would be markup there is seen here: texts are decoded once, and nothing is
taken from anywhere but the message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SLACK, TEAMS = "slack", "teams"
_TONES = {"Good": "success", "Warning": "warning", "Attention": "error"}


@dataclass(frozen=True)
class Button:
    label: str
    url: str


@dataclass(frozen=True)
class Drawn:
    """`look` is whose it is; `tone` how serious, where it shows."""

    look: str
    title: str = ""
    lines: Sequence[str] = ()
    context: str = ""
    buttons: Sequence[Button] = ()
    tone: str = ""


def drawn(kind: str, given: Mapping[str, Any]) -> Drawn | None:
    """What a body, or the parts of a message of this kind, looks like; None for what is no such message."""
    try:
        if kind == SLACK:
            return _slack(given.get("message", given))
        return _card(_card_of(given)) if kind == TEAMS else None
    except (AttributeError, KeyError, TypeError, IndexError, ValueError):
        return None


def _slack(message: Mapping[str, Any]) -> Drawn | None:
    title, lines, context, buttons = "", list[str](), "", list[Button]()
    for block in message.get("blocks", ()):
        match block["type"]:
            case "header":
                title = _decoded(block["text"]["text"])
            case "section":
                lines.append(_decoded(block["text"]["text"]))
            case "context":
                context = " ".join(_decoded(one["text"]) for one in block["elements"])
            case "actions":
                buttons += [Button(_decoded(one["text"]["text"]), one.get("url", "")) for one in block["elements"]]
            case _:
                continue
    if not message.get("blocks") and not message.get("text"):
        return None
    return Drawn(SLACK, title, lines or ([] if title else [_decoded(message["text"])]), context, buttons)


def _card_of(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of parts, of a message with an attachment, or as it is."""
    found: Mapping[str, Any] = given.get("card") or (
        given["attachments"][0]["content"] if "attachments" in given else given
    )
    return found


def _card(card: Mapping[str, Any]) -> Drawn | None:
    if card.get("type") != "AdaptiveCard":
        return None
    texts = [one for one in card["body"] if one["type"] == "TextBlock"]
    title = next((one for one in texts if one.get("weight") == "Bolder"), None)
    context = next((one for one in texts if one.get("isSubtle")), None)
    rest = [one for one in texts if one is not title and one is not context]
    return Drawn(
        TEAMS,
        _read(title["text"]) if title else "",
        list(_joined(rest)),
        _read(context["text"]) if context else "",
        [Button(one["title"], one.get("url", "")) for one in card.get("actions", ())],
        _TONES.get(title.get("color", ""), "") if title else "",
    )


def _joined(texts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Paragraphs: lines without room between them are one."""
    paragraph: list[str] = []
    for one in texts:
        if paragraph and one.get("spacing") != "None":
            yield "\n".join(paragraph)
            paragraph = []
        paragraph.append(_read(one["text"]))
    if paragraph:
        yield "\n".join(paragraph)


def _decoded(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _read(text: str) -> str:
    """Markdown whose marks are all escaped."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", _decoded(text))
