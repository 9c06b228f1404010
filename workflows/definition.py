"""Definitions by content: the body of a workflow version, its hash, and its row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.db import transaction

from .models import Definition


@dataclass(frozen=True)
class Body:
    """One version of a workflow, ready to be walked. Made from JSON, and the same JSON again."""

    key: str
    name: str
    steps: tuple[Mapping[str, Any], ...]
    description: str = ""
    category: str = ""
    critical: bool = False
    tab: str = "general"
    payload_schema: Mapping[str, Any] = field(default_factory=dict)
    sample: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Body:
        return cls(**{**body, "steps": tuple(body["steps"])})

    def to_json(self) -> dict[str, Any]:
        return {**self.__dict__, "steps": list(self.steps)}

    def canonical(self) -> str:
        """The text under whose hash this version is stored."""
        return json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    def hash(self) -> str:
        return hashlib.sha256(self.canonical().encode()).hexdigest()

    def channels(self) -> set[str]:
        """The kinds of channels that its steps send on, however deep in them."""
        return {settings["channel"] for settings in _within(self.steps) if "channel" in settings}

    def step_kinds(self) -> set[str]:
        """The kinds of its steps, however deep."""
        return {settings["kind"] for settings in _within(self.steps) if "kind" in settings}

    def step_at(self, position: str) -> Mapping[str, Any] | None:
        """The step there, or None behind the last one. A position is a path of numbers: "0", "1", …"""
        place = int(position)
        return self.steps[place] if place < len(self.steps) else None

    def after(self, position: str) -> str:
        return str(int(position) + 1)


def _within(settings: Any) -> Iterator[Mapping[str, Any]]:
    """Every mapping in these settings, but for the texts."""
    if isinstance(settings, Mapping):
        yield settings
        for name, value in settings.items():
            if name != "template":
                yield from _within(value)
    elif isinstance(settings, list | tuple):
        for value in settings:
            yield from _within(value)


FIRST = "0"
_stored: dict[str, set[str]] = {}


def ensure_stored(bodies: Mapping[str, Body], *, using: str = "default") -> None:
    """See that each of these (by hash) has its row. A process asks the database once for each, and believes it only
    after its transaction committed."""
    known = _stored.setdefault(using, set())
    missing = {key: body for key, body in bodies.items() if key not in known}
    if not missing:
        return
    rows = [Definition(hash=key, key=body.key, body=body.to_json()) for key, body in missing.items()]
    Definition.objects.using(using).bulk_create(rows, ignore_conflicts=True)
    transaction.on_commit(lambda: known.update(missing), using=using)


def forget_stored(using: str = "default") -> None:
    """Ask the database again: it was migrated, flushed or replaced beneath this process."""
    _stored.pop(using, None)


@lru_cache(maxsize=2048)
def load(key: str) -> Body:
    """The version with this hash. Content never changes, so it is read once. Raises Definition.DoesNotExist."""
    return Body.from_json(Definition.objects.values_list("body", flat=True).get(pk=key))
