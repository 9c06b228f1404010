"""`Content`: what is said, as a value. Made once when a message is made, the same for every retry and every reader."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, fields
from typing import Any

LEVELS = ("info", "success", "warning", "error")
TITLE_MAX, BODY_MAX, URL_MAX, THREAD_MAX = 300, 10_000, 2_000, 200

CONTENT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["title"],
    "properties": {
        "title": {"type": "string", "maxLength": TITLE_MAX},
        "body": {"type": "string", "maxLength": BODY_MAX},
        "url": {"type": "string", "maxLength": URL_MAX},
        "level": {"enum": list(LEVELS)},
        "icon": {"type": "string", "maxLength": 100},
        "actor": {"type": "string", "maxLength": 200},
        "image": {"type": "string", "maxLength": URL_MAX},
        "actions": {
            "type": "array",
            "maxItems": 5,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["label", "url"],
                "properties": {
                    "label": {"type": "string", "maxLength": 80},
                    "url": {"type": "string", "maxLength": URL_MAX},
                },
            },
        },
        "data": {"type": "object"},
        "thread": {"type": "string", "maxLength": THREAD_MAX},
        "tab": {"type": "integer", "minimum": 0, "maximum": 4},
    },
}
"""JSON Schema (2020-12) of a Content on the wire."""

_WEB = re.compile(r"https?://[^\s/\\@?#]+(?:[/?#][^\s\\]*)?\Z", re.IGNORECASE)
_OTHER = re.compile(r"(?:mailto|tel):[^\s\\]+\Z", re.IGNORECASE)
_PATH = re.compile(r"/(?![/\\])[^\s\\]*\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def safe_url(url: str) -> str:
    """`url` if a person may be sent there, else "": http(s) with a host and no user part, mailto, tel, or a path
    of this site. Nothing is repaired: a link that needs guessing is no link."""
    if not url or len(url) > URL_MAX or not url.isprintable():
        return ""
    return url if any(form.match(url) for form in (_WEB, _OTHER, _PATH)) else ""


@dataclass(frozen=True)
class Action:
    """A button: where it leads and what it says."""

    label: str
    url: str


@dataclass(frozen=True)
class Content:
    """Plain text throughout, never markup. Too long is cut, an unsafe link is dropped, an unknown level is `info`:
    a notice with a flaw is better than none."""

    title: str
    body: str = ""
    url: str = ""
    level: str = "info"
    icon: str = ""
    actor: str = ""
    image: str = ""
    actions: tuple[Action, ...] = ()
    data: dict[str, Any] = field(default_factory=dict)
    thread: str = ""
    tab: int = 0

    def __post_init__(self) -> None:
        tidy: dict[str, Any] = {
            "title": _text(self.title, TITLE_MAX).replace("\n", " "),
            "body": _text(self.body, BODY_MAX),
            "url": safe_url(self.url),
            "image": safe_url(self.image),
            "icon": _text(self.icon, 100),
            "actor": _text(self.actor, 200),
            "thread": _name(self.thread, THREAD_MAX),
            "level": self.level if self.level in LEVELS else "info",
            "actions": tuple(
                Action(_text(action.label, 80), action.url) for action in self.actions[:5] if safe_url(action.url)
            ),
        }
        for name, value in tidy.items():
            object.__setattr__(self, name, value)

    @classmethod
    def stored(cls, given: dict[str, Any]) -> Content:
        """What `to_json` gave to the database, without looking at every text again; links are checked once more, so
        that a stricter rule holds for what was written before it."""
        content = object.__new__(cls)
        for name, default in _DEFAULTS.items():
            object.__setattr__(content, name, given.get(name, default))
        if content.url:
            object.__setattr__(content, "url", safe_url(content.url))
        if content.image:
            object.__setattr__(content, "image", safe_url(content.image))
        actions = tuple(Action(**action) for action in content.actions if safe_url(action["url"]))  # type: ignore[arg-type,index]
        object.__setattr__(content, "actions", actions)
        return content

    def to_json(self) -> dict[str, Any]:
        """Without what is empty."""
        values = {name: value for name, value in self.__dict__.items() if value or name == "title"}
        if self.actions:
            values["actions"] = [action.__dict__ for action in self.actions]
        return values

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> Content:
        """The reverse of `to_json`; keys of a newer version are left alone."""
        known = {item.name for item in fields(cls)}
        values = {name: value for name, value in given.items() if name in known}
        values["actions"] = tuple(Action(**action) for action in given.get("actions", ()))
        return cls(**values)


_DEFAULTS: dict[str, Any] = {item.name: item.default for item in fields(Content) if item.name != "data"} | {
    "title": "",
    "data": {},
}


def _name(value: str, longest: int) -> str:
    """A name is never cut: two long ones that begin alike stay two, told apart by a hash of the whole."""
    clean = _CONTROL.sub("", value).strip()
    if len(clean) <= longest:
        return clean
    digest = hashlib.sha256(clean.encode(errors="surrogatepass")).hexdigest()
    return f"{clean[: longest - len(digest) - 1]}~{digest}"


def _text(value: str, longest: int) -> str:
    clean = value.strip() if value.isprintable() else _CONTROL.sub("", value).strip()
    return clean if len(clean) <= longest else clean[: longest - 1].rstrip() + "…"
