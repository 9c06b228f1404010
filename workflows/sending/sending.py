"""One `send` at work: its settings, and the scene it plays in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from notifications.kinds import Kind

from ..people import NOBODY, People
from ..step import Effect, Note, Scene
from .template import Templates


@dataclass(frozen=True)
class Sending:
    """`expires_after`: how long it is worth sending."""

    kind: Kind
    scene: Scene
    templates: Templates
    skip_if_read: bool = False
    expires_after: timedelta | None = None

    @classmethod
    def of(cls, settings: Mapping[str, Any], kind: Kind, scene: Scene) -> Sending:
        seconds = settings.get("expires_after")
        return cls(
            kind,
            scene,
            Templates.of(settings, kind.key),
            skip_if_read=settings.get("skip_if_read", False),
            expires_after=None if seconds is None else timedelta(seconds=seconds),
        )

    @property
    def channel(self) -> str:
        return self.kind.key

    @property
    def origin_step(self) -> str:
        return f"{self.scene.step}.{self.scene.round}"


@dataclass(frozen=True)
class Telling:
    """What telling some of those who stand here comes to: who gets nothing and why, and what is to be written. Who is
    `waiting` is to be looked at again."""

    notes: Sequence[Note] = ()
    effects: Sequence[Effect] = ()
    waiting: People = NOBODY


NOTHING = Telling()
