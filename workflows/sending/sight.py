"""Objects that stand between a notice and a person: one that they have muted, or may not see any more.

Asked for those who would be told, right before the words are made. Behind a digest it is asked of every event that was
collected: what somebody may not hear of is left out of their digest, and a digest of nothing else is not sent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from notifications import visibility
from notifications.targets import Pair, muted_among

from ..digests import Item, items_about, without
from ..models import Outcome
from ..people import NOBODY, People
from ..step import Note, Scene

ASK_AGAIN = timedelta(seconds=30)
"""How long those wait of whom nobody could say whether they may see it."""

MUTED, NOT_VISIBLE, UNKNOWN = "muted", "not_visible", "visibility_unknown"
PARTLY = "partly_left_out"


@dataclass(frozen=True)
class Seen:
    """Who may be told, and the scene as it is for them. `waiting`: those who are to be asked about again."""

    people: People
    scene: Scene
    notes: list[Note] = field(default_factory=list)
    waiting: People = NOBODY


def look(people: People, scene: Scene, channel: str) -> Seen:
    """One query for the mutes and one call of the site's hook, where anything is about an object. Behind a digest one
    query more, and three where something is left out."""
    events = items_about(scene, people) if scene.windows else None
    about = (
        _about(people, scene) if events is None else {place: {one.target for one in events[place]} for place in events}
    )
    pairs = {(scene.ids[place], target) for place, targets in about.items() for target in targets}
    if not pairs:
        return Seen(people, scene)
    muted = set[Pair]() if scene.body.critical else muted_among(pairs)
    sight = visibility.look(pairs - muted)
    if not muted and not sight.kept_back:
        return Seen(people, scene)
    waiting = People.of(
        place for place in about if any((scene.ids[place], one) in sight.unknown for one in about[place])
    )
    kept_back, rest = muted | sight.hidden, people - waiting
    if events is None:
        whole = _reasons({place: about[place] for place in rest if place in about}, kept_back, muted, scene)
        seen = Seen(rest, scene)
    else:
        fewer = {place: _barred(place, some, kept_back, scene) for place, some in events.items() if place in rest}
        seen, whole = _lessened({place: some for place, some in fewer.items() if some}, rest, muted, scene, channel)
    notes = [*seen.notes, *(Note(People.of(places), reason, channel) for reason, places in whole.items())]
    notes += _first_time(waiting, scene, channel)
    silent = People.of(place for places in whole.values() for place in places)
    return Seen(seen.people - silent, seen.scene, notes, waiting)


def _about(people: People, scene: Scene) -> dict[int, Collection[str]]:
    """The object of the run at each place, where it has one."""
    return {place: (run.target,) for run, of_run in scene.runs if run.target for place in of_run & people}


def _reasons(
    about: Mapping[int, Collection[str]], kept_back: Collection[Pair], muted: Collection[Pair], scene: Scene
) -> dict[str, list[int]]:
    """The places that are told nothing, by reason."""
    found: dict[str, list[int]] = defaultdict(list)
    for place, targets in about.items():
        pairs = [(scene.ids[place], target) for target in targets]
        if any(pair in kept_back for pair in pairs):
            found[MUTED if any(pair in muted for pair in pairs) else NOT_VISIBLE].append(place)
    return found


def _barred(place: int, events: Collection[Item], kept_back: Collection[Pair], scene: Scene) -> dict[int, str]:
    """The runs whose events this one may not hear of, with their objects."""
    return {one.run: one.target for one in events if (scene.ids[place], one.target) in kept_back}


def _lessened(
    barred: Mapping[int, Mapping[int, str]], people: People, muted: Collection[Pair], scene: Scene, channel: str
) -> tuple[Seen, dict[str, list[int]]]:
    """The scene with smaller digests, and the places, by reason, whose digests hold nothing any more."""
    if not barred:
        return Seen(people, scene), {}
    counts = {place: run.collected.count for run, of_run in scene.runs for place in of_run if place in barred}
    whole: dict[str, list[int]] = defaultdict(list)
    for place, some in barred.items():
        if len(some) == counts[place]:
            hidden = any((scene.ids[place], target) not in muted for target in some.values())
            whole[NOT_VISIBLE if hidden else MUTED].append(place)
    smaller = {place: some for place, some in barred.items() if len(some) < counts[place]}
    notes = []
    for said in sorted({f"{len(some)} / {counts[place]}" for place, some in smaller.items()}):
        places = [place for place, some in smaller.items() if f"{len(some)} / {counts[place]}" == said]
        notes.append(Note(People.of(places), PARTLY, channel, said))
    return Seen(people, without(scene, smaller) if smaller else scene, notes), whole


def _first_time(waiting: People, scene: Scene, channel: str) -> Iterator[Note]:
    """That they wait is put on record once, however often they are asked about."""
    if not waiting:
        return
    said = Outcome.objects.filter(chunk=scene.chunk_id, step=scene.step, round=scene.round, reason=UNKNOWN)
    for mask in said.values_list("mask", flat=True):
        waiting -= People.load(mask)
    if waiting:
        yield Note(waiting, UNKNOWN, channel, until=scene.now + ASK_AGAIN)
