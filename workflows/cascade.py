"""A cascade: first here, a while later there to those who have not looked, and so on. A shorthand for plain steps."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from .position import LEVELS_MAX, StepSettings, branches_of

KIND = "cascade"
Stage = str | tuple[str, timedelta]
"""A channel kind, and how long after the beginning: `("push", timedelta(minutes=10))`, or `"push 10m"`."""

_STAGE = re.compile(r"(?P<channel>[^\s\d]\S*)(?:\s+(?P<n>\d{1,6})(?P<unit>[smhd]))?")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def waits(stages: Sequence[Stage]) -> list[tuple[str, timedelta]]:
    """Each channel, and how long after the one before. Raises ValueError, in a sentence, for what is no cascade."""
    if not stages:
        raise ValueError("A cascade needs a channel, like inbox, and others with their times, like push 10m.")
    found = []
    before = timedelta()
    for channel, after in map(_read, stages):
        if after < before:
            raise ValueError(f"A cascade counts from its beginning: {channel} after {after} cannot follow {before}.")
        found.append((channel, after - before))
        before = after
    return found


def written_out(steps: Sequence[StepSettings], *, levels: int = LEVELS_MAX) -> list[StepSettings]:
    """The steps of a definition in JSON with each `{"kind": "cascade", "stages": ["inbox", "push 10m"], "template":
    {…}}` replaced by the sends and delays that it stands for, in branches too. Raises ValueError as `waits`."""
    found: list[StepSettings] = []
    for step in steps:
        if isinstance(step, Mapping) and step.get("kind") == KIND:
            found += _sends(step)
        else:
            branches = branches_of(step) if levels else []
            within = {name: written_out(step[name], levels=levels - 1) for name in branches}
            found.append({**step, **within} if within else step)
    return found


def _sends(step: StepSettings) -> list[StepSettings]:
    """All but the first pass over those who have read it in their inbox."""
    settings = {name: value for name, value in step.items() if name not in {"kind", "stages"}}
    found: list[StepSettings] = []
    for channel, wait in waits(step.get("stages", ())):
        unread = {"skip_if_read": True} if found else {}
        if wait:
            found.append({"kind": "delay", "seconds": wait.total_seconds()})
        found.append({"kind": "send", "channel": channel, **settings, **unread})
    return found


def _read(stage: Any) -> tuple[str, timedelta]:
    if isinstance(stage, tuple):
        channel, after = stage
        return channel, after
    found = _STAGE.fullmatch(stage.strip()) if isinstance(stage, str) else None
    if found is None:
        raise ValueError(f"{stage!r} is no stage of a cascade: write a channel, or one with its time, like push 10m.")
    return found["channel"], timedelta(**{_UNITS[found["unit"]]: int(found["n"])}) if found["n"] else timedelta()
