"""What the declarations of steps are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

StepSettings = Mapping[str, Any]
Condition = Mapping[str, Any] | bool | None


def step_settings(kind: str, settings: Mapping[str, Any], *, name: str, when: Condition) -> StepSettings:
    """A step of this kind with these settings; `name` and `when` only where they are given."""
    named = {"name": name} if name else {}
    return {"kind": kind, **settings, **named, **({} if when is None else {"when": when})}
