"""What earlier steps of a run did, by their names, for a whole set of people at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from channels_delivery import tally
from notifications import inbox
from notifications.kinds import INBOX
from preferences import holding

from . import results
from .models import ChunkResult, Outcome
from .people import NOBODY, People
from .position import StepSettings
from .rounds import rounds_of
from .step import Scene

ONCE_A_RUN, BY_PERSON = {"fetch"}, {"call"}
"""The kinds of steps that bring something for everybody of a run, or for each person: under their name is just that."""

FACTS = ("sent", "seen", "read", "failed", "skipped")
"""`sent`: something went to them that arrived or still may, or is held for them. `seen`, `read`: the item in the inbox.
`failed`: nothing of what was sent to them arrived. `skipped`: nothing was, for a reason that is on record."""


@dataclass(frozen=True)
class Earlier:
    """By the name of a step: what it means for everybody of a run (by run id), and for each person (by place). `once`
    are the names of the former."""

    of_runs: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    of_people: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    once: frozenset[str] = frozenset()


def earlier(scene: Scene, people: People, names: Collection[str]) -> Earlier:
    """What the steps of these names did. Five queries at most, for all of them and everybody."""
    named = {name: scene.body.named[name] for name in names if name in scene.body.named}
    once = {name: position for name, (position, step) in named.items() if step["kind"] in ONCE_A_RUN}
    values = {name: position for name, (position, step) in named.items() if step["kind"] in BY_PERSON}
    facts = {name: found for name, found in named.items() if name not in once and name not in values}
    of_people = _facts(scene, people, facts)
    for place, mine in _said(scene, values).items():
        of_people.setdefault(place, {}).update(mine)
    return Earlier(_brought(scene, once), of_people, frozenset(once))


def _said(scene: Scene, positions: Mapping[str, str]) -> dict[int, dict[str, Any]]:
    if not positions:
        return {}
    names = {position: name for name, position in positions.items()}
    found: dict[int, dict[str, Any]] = {}
    kept = ChunkResult.objects.filter(chunk=scene.chunk_id, step__in=names).order_by("pk")
    for step, values in kept.values_list("step", "values"):
        for place, value in values.items():
            found.setdefault(int(place), {})[names[step]] = value
    return found


def _brought(scene: Scene, positions: Mapping[str, str]) -> dict[int, dict[str, Any]]:
    if not positions:
        return {}
    values = results.values_of({run.id for run, _ in scene.runs}, positions.values())
    names = {position: name for name, position in positions.items()}
    found: dict[int, dict[str, Any]] = {}
    for (run, step), value in values.items():
        found.setdefault(run, {})[names[step]] = value
    return found


def _facts(scene: Scene, people: People, named: Mapping[str, tuple[str, StepSettings]]) -> dict[int, dict[str, Any]]:
    if not named or not people:
        return {}
    keys = {
        (place, name, round_): (run.public_id, f"{position}.{round_}", scene.ids[place])
        for run, of_run in scene.runs
        for place in of_run & people
        for name, (position, step) in named.items()
        for round_ in rounds_of(step)
    }
    channels = {name: step.get("channel") for name, (_, step) in named.items()}  # None: it may send on any
    in_inbox = {key for (_, name, _), key in keys.items() if channels[name] in {None, INBOX.key}}
    outside = {key for (_, name, _), key in keys.items() if channels[name] != INBOX.key}
    items, letters = inbox.reactions(list(in_inbox)), tally.of_steps(list(outside), tenant_id=scene.tenant_id)
    skipped, waited = _noted(scene, {name: position for name, (position, _) in named.items()})
    held = _held({key for (place, name, _), key in keys.items() if place in waited[name]}, scene)
    found: dict[int, dict[str, Any]] = {place: {} for place in people}
    for (place, name, _round), key in keys.items():
        item, sent, kept = items.get(key), letters.get(key, ()), held.get(key)
        facts = {
            "sent": item is not None or bool(kept) or any(one.counts for one in sent),
            "seen": item is not None and item.seen,
            "read": item is not None and item.read,
            "failed": item is None and bool(sent) and not any(one.counts for one in sent),
            "skipped": item is None and not sent and (kept is False or place in skipped[name]),
        }
        known = found[place].setdefault(name, facts)
        known.update({fact: known[fact] or value for fact, value in facts.items()})
    return found


def _noted(scene: Scene, positions: Mapping[str, str]) -> tuple[dict[str, People], dict[str, People]]:
    """Who got nothing at these steps, and for whom it was held there, by their names."""
    names = {position: name for name, position in positions.items()}
    skipped, waited = dict.fromkeys(positions, NOBODY), dict.fromkeys(positions, NOBODY)
    notes = Outcome.objects.filter(chunk=scene.chunk_id, step__in=names, final=False)
    for step, until, mask in notes.values_list("step", "until", "mask"):
        found = skipped if until is None else waited
        found[names[step]] |= People.load(mask)
    return skipped, waited


def _held(keys: Collection[tuple[UUID, str, int]], scene: Scene) -> Mapping[tuple[UUID, str, int], bool]:
    """Of what was held, whether it still is or was sent, or came to nothing. One query; none where nothing was."""
    return holding.still_counts(keys, tenant_id=scene.tenant_id) if keys else {}
