"""Definitions by content: the body of a workflow version, its hash, and its row."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property, lru_cache
from typing import Any

from django.db import transaction

from . import position as positions
from .counts import counted
from .models import Definition
from .position import FIRST, StepSettings

__all__ = ["FIRST", "Body", "ensure_stored", "forget_stored", "load"]


@dataclass(frozen=True)
class Body:
    """One version of a workflow, ready to be walked. Made from JSON, and the same JSON again. `defaults`: by channel
    kind, "" for every other, whether it goes to people who said nothing of it."""

    key: str
    name: str
    steps: tuple[StepSettings, ...]
    description: str = ""
    category: str = ""
    critical: bool = False
    tab: str = "general"
    payload_schema: Mapping[str, Any] = field(default_factory=dict)
    sample: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, bool] = field(default_factory=dict)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Body:
        return cls(**{**body, "steps": tuple(map(counted, body["steps"]))})

    def to_json(self) -> dict[str, Any]:
        said = {one.name: getattr(self, one.name) for one in fields(self)} | {"steps": list(self.steps)}
        if not self.defaults:  # a definition without them keeps the hash under which it is stored
            del said["defaults"]
        return said

    def canonical(self) -> str:
        """The text under whose hash this version is stored."""
        return json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    def hash(self) -> str:
        return hashlib.sha256(self.canonical().encode()).hexdigest()

    def default_of(self, channel: str) -> bool | None:
        """Whether it goes on this channel to people who said nothing of it; None where it does not say."""
        return self.defaults.get(channel, self.defaults.get(""))

    def channels(self) -> set[str]:
        """The kinds of channels that its steps send on, however deep in them."""
        return channels_in(self.steps)

    def step_kinds(self) -> set[str]:
        """The kinds of its steps, however deep."""
        return {settings["kind"] for settings in _within(self.steps) if "kind" in settings}

    def step_at(self, position: str) -> StepSettings | None:
        """The step there, or None where there is none. A position is a path: "2", or "2.then.0" within a branch."""
        return positions.step_at(self.steps, position)

    def after(self, position: str) -> str | None:
        """Where the walk goes on behind this step; None at the end."""
        return positions.after(self.steps, position)

    def into(self, position: str, branch: str) -> str | None:
        """Where it goes on by this branch of the step; None at the end."""
        return positions.into(self.steps, position, branch)

    @cached_property
    def named(self) -> Mapping[str, tuple[str, StepSettings]]:
        """The steps that have a name, with their positions."""
        return {step["name"]: (position, step) for position, step in self.walk() if "name" in step}

    def walk(self) -> Iterator[tuple[str, StepSettings]]:
        """Every step with its position, those in branches too, in the order of reading."""
        return positions.walk(self.steps)


def channels_in(settings: Any) -> set[str]:
    """The kinds of channels that these settings of steps send on, however deep in them."""
    return {one["channel"] for one in _within(settings) if "channel" in one}


def _within(settings: Any) -> Iterator[Mapping[str, Any]]:
    """Every mapping in these settings, but for the texts."""
    if isinstance(settings, Mapping):
        yield settings
        for name, value in settings.items():
            if name not in ("template", "locales"):
                yield from _within(value)
    elif isinstance(settings, list | tuple):
        for value in settings:
            yield from _within(value)


InForce = tuple[str, Body]
"""What a trigger starts: the hash of a version, and the version."""

logger = logging.getLogger(__name__)
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
