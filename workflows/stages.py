"""The stages of a level: whom their own policy has told on which of its channels now, and who is told more later.

Who has no policy is told on all channels when the level begins. A policy counts as it is at each stage.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from notifications.kinds import kinds
from preferences.calls import AT_ONCE, Policy, PolicyName, policies_of

from .people import People
from .rounds import round_of, turn_and_stage
from .step import Note, Scene

BEYOND = "policy_beyond_level"


@dataclass(frozen=True)
class Stages:
    """`due`: who is told now by each of the level's sends, in their order. `later`: who comes to another stage of this
    level, by when and in which round. Everybody else waits until the level `ends`, by when that is."""

    due: Sequence[People]
    later: Mapping[tuple[datetime, int], People] = field(default_factory=dict)
    ends: Mapping[datetime, People] = field(default_factory=dict)
    notes: Sequence[Note] = ()


def stages_of(level: Mapping[str, Any], people: People, scene: Scene) -> Stages:
    """Of these people, none of them the house. One query."""
    turn, stage = turn_and_stage(scene.round)
    channels, wait = [send["channel"] for send in level["send"]], level["seconds"]
    due: list[list[int]] = [[] for _ in channels]
    later, ends = defaultdict[tuple[datetime, int], list[int]](list), defaultdict[datetime, list[int]](list)
    policies = _by_policy(level, people, scene)
    for policy, places in policies.items():
        moments = sorted({0, *policy.stages(_personal(channels), wait=wait)})
        here = moments[min(stage, len(moments) - 1)]
        if stage < len(moments):
            for place, channel in enumerate(channels):
                if min(policy.delay(channel), wait) == here:
                    due[place] += places
        if stage + 1 < len(moments):
            until = scene.now + timedelta(seconds=moments[stage + 1] - here)
            later[until, round_of(turn, stage + 1)] += places
        else:
            ends[scene.now + timedelta(seconds=wait - here)] += places
    return Stages(
        [People.of(sorted(places)) for places in due],
        {when: People.of(sorted(places)) for when, places in later.items()},
        {when: People.of(sorted(places)) for when, places in ends.items()},
        () if stage else _beyond(policies, _personal(channels), wait),
    )


def _by_policy(level: Mapping[str, Any], people: People, scene: Scene) -> dict[Policy, list[int]]:
    name = PolicyName.IMPORTANT if level.get("important") else PolicyName.DEFAULT
    policies = policies_of(sorted({scene.ids[place] for place in people}), name, tenant_id=scene.tenant_id)
    found: dict[Policy, list[int]] = defaultdict(list)
    for place in people:
        found[policies.get(scene.ids[place], AT_ONCE)].append(place)
    return found


def _beyond(policies: Mapping[Policy, Sequence[int]], channels: Sequence[str], wait: float) -> list[Note]:
    """Who wanted to be told later than the level waits."""
    late: dict[str, list[int]] = defaultdict(list)
    for policy, places in policies.items():
        for channel in policy.beyond(channels, wait=wait):
            late[channel] += places
    return [Note(People.of(sorted(places)), BEYOND, channel) for channel, places in late.items()]


def _personal(channels: Sequence[str]) -> list[str]:
    known = kinds()
    return [channel for channel in channels if channel in known and known[channel].for_all]
