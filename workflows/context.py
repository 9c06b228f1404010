"""What texts and conditions may read, for a set of people: of the run, of the person, and of what earlier steps did.

Which paths are read is known beforehand. So people who differ in nothing that is read are one group, and what is not
read is not fetched.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from notifications import routing
from notifications.kinds import INBOX

from .condition import holds, paths_of
from .earlier import Earlier, earlier
from .people import NOBODY, People
from .position import Steps, reading_order, walk
from .step import RunFacts, Scene, join

Profiles = Mapping[int, Mapping[str, Any]]
NO_PROFILES: Profiles = MappingProxyType({})

_OF_LIQUID = {"size", "first", "last"}
"""What a text may ask of any value, beside its parts."""

_PART = re.compile(r"[^.\[\]'\"]+")


@dataclass(frozen=True)
class Context:
    """`profiles` by recipient id. `personal` are those of the paths that may differ from person to person."""

    scene: Scene
    profiles: Profiles
    earlier: Earlier
    personal: Sequence[str]

    def groups(
        self, run: RunFacts, people: People, *, paths: Collection[str] | None = None
    ) -> Iterator[tuple[dict[str, Any], People]]:
        """These people of the run by what the paths, all or these, read of them, each group with its values."""
        personal = [path for path in self.personal if paths is None or path in paths]
        if not personal:
            if people:
                yield self._values(run, self._of_run(run), None), people
            return
        groups = defaultdict[tuple[Any, ...], list[int]](list)
        places = [*people]
        for place, *values in zip(places, *(self._column(path, places) for path in personal), strict=True):
            groups[tuple(values)].append(place)
        of_run = self._of_run(run)
        for alike in groups.values():
            yield self._values(run, of_run, alike[0]), People.of(alike)

    def _column(self, path: str, places: Sequence[int]) -> list[Any]:
        """For each of these people what the path reads of them, so that what differs is never equal: a text as it is,
        anything else as it is written in a tuple."""
        field = _field_of_profile(path)
        if field is None:
            read = _reader(path)
            found = [read(self._of_person(place)) for place in places]
        else:  # the usual one, without a context for each
            profiles, ids, nothing = self.profiles, self.scene.ids, dict[str, Any]()
            found = [profiles.get(ids[place], nothing).get(field) for place in places]
        return [value if type(value) is str else (repr(value),) for value in found]

    def _of_person(self, place: int) -> dict[str, Any]:
        profile = self.profiles.get(self.scene.ids[place], {})
        return {"recipient": profile, "steps": self.earlier.of_people.get(place, {})}

    def _of_run(self, run: RunFacts) -> dict[str, Any]:
        """What is the same for all of its people."""
        scene = self.scene
        return {
            "payload": run.payload,
            "tenant": scene.tenant,
            "actor": {"name": run.actor},
            "workflow": {"key": scene.body.key, "name": scene.body.name},
            "transaction_id": run.transaction_id,
            "digest": run.collected.to_json(),
        }

    def _values(self, run: RunFacts, of_run: Mapping[str, Any], place: int | None) -> dict[str, Any]:
        mine = {"recipient": {}, "steps": {}} if place is None else self._of_person(place)
        return {
            **of_run,
            "recipient": {name: value for name, value in mine["recipient"].items() if name != "id"},
            "steps": {**self.earlier.of_runs.get(run.id, {}), **mine["steps"]},
        }


def context_for(scene: Scene, people: People, paths: Collection[str], *, profiles: Profiles | None = None) -> Context:
    """What these paths read of these people, at a fixed number of queries. Profiles that are known need not be read."""
    if profiles is None and reads(paths, "recipient"):
        ids = sorted({scene.ids[place] for place in people - scene.house})
        profiles = routing.reach_many(INBOX, ids, tenant_id=scene.tenant_id, profiles=_fields(paths)).profiles
    known, did = profiles or NO_PROFILES, earlier(scene, people, _steps_named(scene, paths))
    return Context(scene, known, did, [path for path in paths if _is_personal(path, known, did)])


def those_who(condition: Any, scene: Scene) -> People:
    """The people of the scene for whom the condition holds: asked once a run, or once for all who are alike in what it
    reads of them."""
    paths = paths_of(condition)
    context = context_for(scene, scene.people, paths)
    found = [
        group
        for run, of_run in scene.runs
        for values, group in context.groups(run, of_run & scene.people)
        if holds(condition, values)
    ]
    return join(found) if found else NOBODY


def readable(steps: Steps, position: str) -> dict[str, Sequence[str] | None]:
    """What a condition at this step may read: the first word of its paths, and what may follow."""
    before = [step for at, step in walk(steps) if reading_order(at) < reading_order(position)]
    names = [step["name"] for step in before if isinstance(step, Mapping) and isinstance(step.get("name"), str)]
    return {
        "payload": None,
        "recipient": routing.PROFILE,
        "tenant": ("name", "slug", "zone"),
        "actor": ("name",),
        "steps": names,
    }


def _is_personal(path: str, profiles: Profiles, did: Earlier) -> bool:
    root, *rest = _parts(path)
    if root == "recipient":
        return bool(profiles)
    return root == "steps" and bool(did.of_people) and not (rest and rest[0] in did.once)


def _steps_named(scene: Scene, paths: Collection[str]) -> set[str]:
    """The names after `steps`; all there are for a path that reads `steps` as a whole."""
    found: set[str] = set()
    for path in paths:
        root, *rest = _parts(path)
        if root == "steps":
            found.update(rest[:1] or scene.body.named)
    return found


def reads(paths: Collection[str], root: str) -> bool:
    """Whether any of the paths begins with it."""
    return any(_root(path) == root for path in paths)


def _root(path: str) -> str:
    return _parts(path)[0]


def _parts(path: str) -> list[str]:
    return _PART.findall(path) or [""]


def _fields(paths: Collection[str]) -> bool | set[str]:
    """Which fields of a profile these paths read; True for all of them."""
    found = [_parts(path)[1:2] for path in paths if _root(path) == "recipient"]
    known = all(name and name[0] in routing.PROFILE for name in found)
    return {name for names in found for name in names} if known else True


def _field_of_profile(path: str) -> str | None:
    """The one field that a path like `recipient.name` reads; None for any other path."""
    root, dot, field = path.partition(".")
    plain = bool(dot) and root == "recipient" and not any(mark in field for mark in ".[]'\"")
    return field if plain and field not in _OF_LIQUID else None


def _reader(path: str) -> Callable[[Mapping[str, Any]], Any]:
    """Reads the value of a plain dotted path; of any other form all that is known, which tells everybody apart."""
    parts = path.split(".")
    if any("[" in part or part in _OF_LIQUID for part in parts):
        return lambda values: values

    def read(values: Mapping[str, Any]) -> Any:
        found: Any = values
        for part in parts:
            if not isinstance(found, Mapping):
                return values
            found = found.get(part)
        return found

    return read
