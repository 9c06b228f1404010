"""Personal policies: which channel first, and which after how long, when somebody is called in an escalation. Pure.

A policy is a list of stages, `[{"channel": "push", "after": 0}, {"channel": "sms", "after": 600}]`, in seconds since
the level began. There are two, `default` and `important`; a level that is important asks the second. What a policy does
not name comes at once, as it does for somebody without one: a policy orders, and silences nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

AFTER_MAX = int(timedelta(hours=24).total_seconds())
STAGES_MAX = 20


class PolicyName(StrEnum):
    DEFAULT = "default"
    IMPORTANT = "important"


@dataclass(frozen=True)
class Policy:
    """Channels, and the seconds after the beginning of a level at which each has its turn."""

    after: tuple[tuple[str, int], ...] = ()

    def delay(self, kind: str) -> int:
        return next((seconds for named, seconds in self.after if named == kind), 0)

    def stages(self, kinds: Iterable[str], *, wait: float) -> list[float]:
        """The moments, in seconds since the level began, at which somebody is told on one of these kinds. A delay that
        is longer than the level waits is cut to its end: who was not reached yet is told before the next is."""
        return sorted({min(self.delay(kind), wait) for kind in kinds})

    def beyond(self, kinds: Iterable[str], *, wait: float) -> list[str]:
        """The kinds whose delay is longer than the level waits."""
        return sorted({kind for kind in kinds if self.delay(kind) > wait})


AT_ONCE = Policy()


def policy_of(said: Mapping[str, Sequence[Mapping[str, Any]]], name: PolicyName) -> Policy:
    """Of somebody's policies that of this name. Who has no `important` one has their default then."""
    stages = said.get(name) or said.get(PolicyName.DEFAULT) or ()
    return Policy(tuple((one["channel"], one["after"]) for one in stages))


def problem(said: Any) -> str:
    """What is wrong with somebody's policies, in a sentence that says what to do; empty when nothing is."""
    known = ", ".join(PolicyName)
    if not isinstance(said, dict) or not set(said) <= set(PolicyName):
        return _("Give an object of policies. Known: %s.") % known
    for name, stages in said.items():
        if not isinstance(stages, list) or len(stages) > STAGES_MAX:
            return _("“%(name)s” is a list of at most %(most)d stages.") % {"name": name, "most": STAGES_MAX}
        if any(not _is_stage(one) for one in stages):
            shape = '{"channel": "push", "after": 0}'
            told: str = _("“%(name)s”: a stage is %(shape)s, “after” in whole seconds, at most %(most)d.")
            return told % {"name": name, "shape": shape, "most": AFTER_MAX}
        if len({one["channel"] for one in stages}) < len(stages):
            return _("“%s” names a channel twice.") % str(name)
    return ""


def _is_stage(one: Any) -> bool:
    if not isinstance(one, dict) or set(one) != {"channel", "after"}:
        return False
    after = one["after"]
    return isinstance(one["channel"], str) and type(after) is int and 0 <= after <= AFTER_MAX
