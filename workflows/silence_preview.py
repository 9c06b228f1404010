"""What a silence or an inhibition would hit: asked before it is begun, of what was lately and of who waits now.

Nothing is written. Up to a thousand runs, the newest, and fifty cohorts, the next to wake, are looked at with their
people, so it costs the same for a million. Beyond that the numbers are reckoned, which `estimated` says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from notifications.models import Tenant

from .condition import holds
from .definition import Body, channels_in, load_many
from .hush import Hush, checked
from .inhibiting import Asked, held_back, keys_fitting
from .inhibition_history import History
from .models import Chunk, Cohort, Run, Workflow
from .onward import supposed
from .people import NOBODY, People
from .position import FIRST, reading_order
from .scene import scene_of
from .silencing import whom
from .step import RunFacts, Scene, join
from .tenant_facts import facts_of

DAYS, DAYS_MAX = 7, 90
RUNS, CHUNKS, COHORTS, SHOWN = 1_000, 50, 50, 10
PAYLOADS_MAX = 16 * 1024 * 1024
"""Bytes of payloads that are read, all together."""


@dataclass(frozen=True)
class Hits:
    """`runs` of the last `days`, and how many of their `people`, that it would have been about at their start, had it
    been in force all the time but for its calendar; `workflows`: the runs by key, the most first; `examples`: the
    newest. `waiting`: people on their way now to something that it would hold back before it ends, as things stand.
    `estimated`: not everything was looked at."""

    days: int
    runs: int = 0
    people: int = 0
    waiting: int = 0
    estimated: bool = False
    workflows: Mapping[str, int] = field(default_factory=dict)
    examples: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        by_key = [{"workflow": key, "runs": n} for key, n in self.workflows.items()]
        return {**self.__dict__, "workflows": by_key, "examples": list(self.examples)}


def preview(tenant: Tenant, hush: Hush, *, now: datetime, days: int = DAYS, most: int = RUNS) -> Hits:
    """What it would hit, looking at so many runs at `most`. The number of statements has a bound, whatever the number
    of runs and people. Raises Invalid."""
    look = _Look(tenant, checked(hush, now=now), now, timedelta(days=max(1, min(days, DAYS_MAX))))
    looked, share = look.recent(most)
    fitting, of_chunks = look.people_of([run for run in looked if look.is_about(run)])
    waiting, of_cohorts = look.waiting()
    hit = [run for run in looked if run.pk in fitting]
    share *= of_chunks
    return Hits(
        look.back.days,
        round(len(hit) * share),
        round(sum(fitting.values()) * share),
        round(waiting * of_cohorts),
        max(share, of_cohorts) > 1 or look.history.cut_short,
        {key: round(n * share) for key, n in Counter(run.workflow for run in hit).most_common(SHOWN)},
        [run.transaction_id for run in hit[:SHOWN]],
    )


class _Look:
    def __init__(self, tenant: Tenant, hush: Hush, now: datetime, back: timedelta) -> None:
        self.tenant, self.hush, self.now, self.back = tenant, hush, now, back
        going, since = hush.while_active, now - back
        self.history = History.of(tenant.pk, going, since=since, until=now) if going else History.none()
        rows = Workflow.objects.filter(tenant=tenant).values_list("key", "tags") if hush.matcher.tags else ()
        self.tags: Mapping[str, Sequence[str]] = dict(rows)
        self.bodies: dict[str, Body] = {}

    def recent(self, most: int) -> tuple[list[Run], float]:
        """The newest runs that were triggered lately, and how many times as many there were."""
        rows = Run.objects.filter(tenant=self.tenant, digest="", start_at__lte=self.now)
        rows = rows.filter(start_at__gt=self.now - self.back).order_by("-start_at", "-pk")
        names = self.hush.matcher.workflows
        if names and "*" not in names:
            rows = rows.filter(workflow__in=keys_fitting(names, self.tenant.pk))
        newest = list(rows.values_list("pk", "payload_bytes")[:most])
        chosen, size = list[int](), 0
        for pk, length in newest:
            size += length
            if chosen and size > PAYLOADS_MAX:
                break
            chosen.append(pk)
        runs = list(rows.filter(pk__in=chosen).select_related("actor"))
        self._know(run.definition_id for run in runs)
        whole = len(newest) < most and len(chosen) == len(newest)
        return runs, 1 if whole or not runs else max(1, rows.count() / len(runs))

    def is_about(self, run: Run) -> bool:
        """Its people aside: whom the condition reads is asked one by one."""
        body, matcher, calendar = self.bodies.get(run.definition_id), self.hush.matcher, self.hush.calendar
        if body is None or not self._fits(body, body.channels()):
            return False
        if calendar is not None and not calendar.is_on(run.start_at, zone=self.tenant.zone):
            return False
        if self.hush.while_active and not self.history.held(run.workflow, run.payload, at=run.start_at):
            return False
        return matcher.reads_people or holds(matcher.when, self._values(run))

    def people_of(self, runs: Sequence[Run]) -> tuple[dict[int, int], float]:
        """How many people of each run are meant, by its id; without those of whom none is; and how many times as much
        there is as was looked at."""
        if not self.hush.matcher.reads_people:
            return {run.pk: run.people for run in runs}, 1
        ids = {run.pk: run for run in runs}
        mine = Q(run__in=ids) | Q(pk__in={run.chunk_id for run in runs if run.chunk_id})
        chunks = Chunk.objects.filter(mine, tenant=self.tenant).order_by("-pk")
        some, found = list(chunks[:CHUNKS]), Counter[int]()
        for chunk in some:
            scene = self._scene(chunk, ids)
            meant = whom(self.hush.matcher.when, scene.people, scene)
            found.update({run.id: len(of_run & meant) for run, of_run in scene.runs if of_run & meant})
        return found, 1 if len(some) < CHUNKS else max(1, chunks.count() / len(some))

    def waiting(self) -> tuple[int, float]:
        """How many people stand before something that it would hold back, and how many times as many there are as were
        looked at."""
        rows = Cohort.objects.filter(tenant=self.tenant, open=True).order_by("wake_at", "pk")
        if self.hush.ends_at is not None:
            rows = rows.filter(wake_at__lt=self.hush.ends_at)
        some = list(rows.select_related("chunk", "tenant")[:COHORTS])
        self._know(one.chunk.definition_id for one in some)
        found = sum(self._waiting_in(one) for one in some)
        return found, 1 if len(some) < COHORTS else max(1, rows.count() / len(some))

    def _waiting_in(self, cohort: Cohort) -> int:
        body, here = self.bodies.get(cohort.chunk.definition_id), reading_order(cohort.step)
        ahead = [step for at, step in body.walk() if reading_order(at) >= here] if body else []
        if body is None or not self._fits(body, channels_in(ahead)):
            return 0
        scene, going = scene_of(cohort, now=self.now), self.hush.while_active
        people = whom(self.hush.matcher.when, scene.people - scene.house, scene)
        if going is not None and people:
            people = join([back for _, back in held_back([Asked(going, self.hush.name, people)], scene)] or [NOBODY])
        return len(people)

    def _fits(self, body: Body, channels: Collection[str]) -> bool:
        tags = self.tags.get(body.key, ())
        return any(self.hush.matcher.fits(body, channel=name, tags=tags) for name in channels)

    def _values(self, run: Run) -> dict[str, Any]:
        """What a condition reads that is about nobody."""
        return {
            "payload": run.payload,
            "tenant": facts_of(self.tenant),
            "actor": {"name": run.actor.name if run.actor else ""},
        }

    def _scene(self, chunk: Chunk, runs: Mapping[int, Run]) -> Scene:
        """The people of those of the runs that are in this chunk, as if they stood at the first step."""
        places: dict[int, list[int]] = {}
        for place in chunk.everyone - chunk.house:
            run = chunk.run_id or 0 if chunk.runs is None else chunk.runs[place]
            if run in runs:
                places.setdefault(run, []).append(place)
        facts = [(_facts(runs[pk]), People.of(some)) for pk, some in places.items()]
        people, body = join([of_run for _, of_run in facts]), self.bodies[chunk.definition_id]
        scene = supposed(body, self.tenant, chunk.people, people=people, step=FIRST, now=self.now, payload={})
        return replace(scene, runs=facts)

    def _know(self, definitions: Iterable[str]) -> None:
        self.bodies |= load_many({one for one in definitions if one not in self.bodies})


def _facts(run: Run) -> RunFacts:
    actor = run.actor.name if run.actor else ""
    return RunFacts(run.pk, run.public_id, run.transaction_id, run.payload, actor, run.start_at)
