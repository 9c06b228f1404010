"""The front door to words: which texts a kind takes, and what a message of it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .backend import Backend, Words
from .backends import backends, channel_kinds

__all__ = ["Words", "channel_kinds", "compose", "slots_of", "template_fields", "title_of"]


def template_fields(kind: str) -> Mapping[str, Any]:
    """JSON Schema of each text that a template of this kind may have beside those of a `Content`. None for a kind that
    no backend sends."""
    backend = backends().get(kind)
    return backend.template_fields if backend else {}


def slots_of(kind: str) -> frozenset[str]:
    """The slots that messages of this kind have, filled in for each receiver. None for a kind that no backend sends."""
    backend = backends().get(kind)
    return backend.slots if backend else frozenset()


def compose(kind: str, words: Words) -> Mapping[str, Any]:
    """The parts of a message of this kind. Raises LookupError when no backend sends it."""
    return _backend(kind).compose(words)


def title_of(kind: str, parts: Mapping[str, Any]) -> str:
    """What the receiver of a message reads first; "" for a kind that no backend sends."""
    backend = backends().get(kind)
    return backend.title(parts) if backend else ""


def measures_of(kind: str, parts: Mapping[str, Any]) -> Mapping[str, int]:
    """What such a message takes, as `Backend.measures` says; nothing for a kind that no backend sends."""
    backend = backends().get(kind)
    return backend.measures(parts) if backend else {}


def _backend(kind: str) -> Backend:
    try:
        return backends()[kind]
    except KeyError:
        raise LookupError(f"No backend sends {kind!r}.") from None
