"""Calling people in: a step of a run that goes on adds others to it, who stand at that step."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import F

from notifications.kernel import doorbell
from notifications.models import Tenant

from . import audience as audiences
from .audience import Audience
from .conf import CHUNK
from .engine_bell import BELL, QUEUE
from .entering import enter
from .models import Chunk, Run
from .people import People
from .step import Scene
from .subscribed import Asked, left_out

MOST = 10 * CHUNK
"""So many people are called in at once, at most."""


@dataclass(frozen=True)
class CallIn:
    """Adds these people to each run whose house is among `houses`, as chunks of that run: due at once, at this step and
    in this round. Nobody is called twice for one run and round; they are resolved when it is written."""

    houses: People
    names: Sequence[Any]

    def apply(self, live: People, scene: Scene) -> None:
        houses = [(run.id, place) for run, of_run in scene.runs for place in of_run & self.houses & live]
        audience = meant_by(self.names, scene.tenant_id) if houses else Audience()
        people = audiences.page(audience, tenant_id=scene.tenant_id, after=0, limit=MOST, without=None)
        if not people:
            return
        out = left_out(
            [Asked(run, audience, people) for run, _ in houses],
            tenant_id=scene.tenant_id,
            values_of=lambda runs: _values(runs, scene),
        )
        pieces = [people[start : start + CHUNK] for start in range(0, len(people), CHUNK)]
        chunks = [_chunk(run, place, piece, scene) for run, place in houses for piece in pieces]
        enter(chunks, step=scene.step, round_=scene.round, now=scene.now, left_out=out)
        runs = Run.objects.filter(tenant=scene.tenant_id, pk__in=[run for run, _ in houses])
        runs.update(people=F("people") + len(people))
        doorbell.ring(BELL, queue=QUEUE)


def _chunk(run: int, house: int, people: Sequence[int], scene: Scene) -> Chunk:
    """Whoever is called in behind a digest hears of what the house has collected."""
    return Chunk(
        tenant_id=scene.tenant_id,
        definition_id=scene.definition,
        run_id=run,
        first_id=people[0],
        last_id=people[-1],
        people=list(people),
        windows=[scene.windows[house]] * len(people) if scene.windows else None,
        called=True,
        created_at=scene.now,
    )


def _values(runs: Collection[int], scene: Scene) -> dict[int, dict[str, Any]]:
    """What the condition of a subscription may read of these runs."""
    said = {"tenant": scene.tenant, "workflow": {"key": scene.body.key, "name": scene.body.name}}
    facts = {run.id: run for run, _ in scene.runs}
    return {run: {"payload": facts[run].payload, "actor": {"name": facts[run].actor}, **said} for run in runs}


def meant_by(names: Sequence[Any], tenant_id: int) -> Audience:
    """Whom a level calls in. A name that is not known is passed over: the others must still hear of it."""
    tenant = Tenant(pk=tenant_id)
    spelt = audiences.spell(names) or []
    found = audiences.resolve_many([[one] for one in spelt], tenant=tenant, using=connection.alias)
    known = [one for one in found if isinstance(one, Audience)]
    return Audience(
        tuple(sorted({person for one in known for person in one.people})),
        tuple(sorted({topic for one in known for topic in one.topics})),
        tuple(sorted({role for one in known for role in one.roles})),
        any(one.everyone for one in known),
    )
