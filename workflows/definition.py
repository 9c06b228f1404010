"""Definitions by content: the body of a workflow version, its hash, and its row."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Collection, Iterator, Mapping
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

    def step_at(self, position: str) -> Mapping[str, Any] | None:
        """The step there, or None behind the last one. A position is a path of numbers: "0", "1", …"""
        place = int(position)
        return self.steps[place] if place < len(self.steps) else None

    def after(self, position: str) -> str:
        return str(int(position) + 1)

    def walk(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Every step with its position."""
        return ((str(place), step) for place, step in enumerate(self.steps))


InForce = tuple[str, Body]
"""What a trigger starts: the hash of a version, and the version."""

logger = logging.getLogger(__name__)
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


_published: dict[str, Body] = {}
_PUBLISHED_MAX = 2048


def load_many(keys: Collection[str], *, using: str = "default") -> dict[str, Body]:
    """The versions with these hashes that there are. Those that this process does not know yet, in one statement."""
    found = {key: _published[key] for key in keys if key in _published}
    missing = [key for key in keys if key not in found]
    if missing:
        rows = Definition.objects.using(using).filter(pk__in=missing).values_list("pk", "body")
        fresh = {key: body for key, said in rows if (body := _read(key, said)) is not None}
        if len(_published) + len(fresh) > _PUBLISHED_MAX:
            _published.clear()
        _published.update(fresh)
        found |= fresh
    return found


def _read(key: str, said: Any) -> Body | None:
    """One that cannot be read, of a release that knew more, costs no other its way."""
    try:
        return Body.from_json(said)
    except (TypeError, KeyError):
        logger.exception("definition.unreadable definition=%s", key)
        return None
