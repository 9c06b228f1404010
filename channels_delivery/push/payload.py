"""What a browser is told, in at most 3,993 bytes: more does not fit into one record of 4,096."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

PAYLOAD_MAX = 3_993
ACTIONS_MAX = 2
"""Browsers show no more."""

_BODY_MIN = 120
"""Characters of the body that stay before the picture, the buttons and the rest have to go."""


def fit(told: Mapping[str, Any], *, limit: int = PAYLOAD_MAX) -> bytes:
    """JSON of at most `limit` bytes: the body is cut first, then the picture, the buttons and the link go, then the
    title is cut. `id` and `tag` stay."""
    rest = dict(told)
    if (text := _cut(rest, "body", least=_BODY_MIN, limit=limit)) is not None:
        return text
    for name in ("image", "actions", "icon", "url", "body"):
        rest.pop(name, None)
        if len(text := _bytes(rest)) <= limit:
            return text
    text = _cut(rest, "title", least=0, limit=limit)
    return text if text is not None else _bytes({"id": rest.get("id", "")})


def small(told: Mapping[str, Any], *, title: str) -> bytes:
    """What is sent where even that was too large: that there is something, and which."""
    return _bytes({name: told[name] for name in ("id", "tag") if name in told} | {"title": title})


def _cut(told: dict[str, Any], name: str, *, least: int, limit: int) -> bytes | None:
    """With as much of this text as fits, an ellipsis at its end; None when not even `least` characters do. `told` keeps
    the shortest."""
    text = str(told.get(name, ""))
    if len(whole := _bytes(told)) <= limit:
        return whole
    low, high, found = min(least, len(text)), len(text), None
    while low <= high:
        middle = (low + high) // 2
        tried = _bytes(told | {name: text[:middle].rstrip() + "…"})
        if len(tried) <= limit:
            found, low = tried, middle + 1
        else:
            high = middle - 1
    if found is None and text:
        told[name] = text[:least].rstrip() + "…"
    return found


def _bytes(told: Mapping[str, Any]) -> bytes:
    return _text({name: value for name, value in told.items() if value}).encode("utf-8", "replace")


_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
