"""What may be shown of an address: the URL of a webhook is often a credential."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

SHORT, KEPT = 12, 4
"""A segment of a path that is longer than this is cut to so many characters."""

HIDDEN = "…"


def masked(address: str) -> str:
    """A URL without its query, user and long segments of its path; anything else as it is."""
    if "://" not in address:
        return address
    try:
        parts = urlsplit(address)
        host = f"{parts.hostname}:{parts.port}" if parts.port else f"{parts.hostname}"
    except ValueError:
        return HIDDEN
    path = "/".join(one if len(one) <= SHORT else one[:KEPT] + HIDDEN for one in parts.path.split("/"))
    return f"{parts.scheme}://{host}{path}"


def masked_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings for readers who may not change them: URLs masked, and the values of free fields, such as header fields,
    hidden."""
    return {name: _masked(value) for name, value in settings.items()}


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Mapping):
        return dict.fromkeys(value, HIDDEN)
    return [_masked(one) for one in value] if isinstance(value, list) else value
