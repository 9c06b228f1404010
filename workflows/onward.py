"""Plans for those who only want to know: the scene of a run that is not there, and where its people would go on. The
engine sets its scenes in `scene.py` and moves people in `settle.py`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from notifications.models import Tenant

from .collecting import Collect
from .definition import Body
from .foreseen import closing_times
from .people import NOBODY, People
from .planning import plan_step
from .step import DIGESTED, Again, Among, Into, Next, Plan, RunFacts, Scene, Sleep, Stay, Stop, join
from .tenant_facts import facts_of

Onward = tuple[People, str | None, datetime]
"""Who goes on at which step, and when; None behind the last one."""

_NO_RUN = UUID(int=0)


def supposed(
    body: Body,
    tenant: Tenant,
    ids: Sequence[int],
    *,
    people: People,
    step: str,
    now: datetime,
    payload: Mapping[str, Any],
    target: str = "",
    actor: str = "",
) -> Scene:
    """These people at this step, as if a run of this actor, by name, had brought them there; without the house."""
    return Scene(
        tenant_id=tenant.pk,
        tenant=facts_of(tenant),
        body=body,
        step=step,
        round=0,
        people=people,
        ids=ids,
        runs=[(RunFacts(0, _NO_RUN, "", payload, actor, now, target=target), people)],
        now=now,
        supposed=True,
    )


def onward(plan: Plan, scene: Scene) -> Iterator[Onward]:
    """Where everybody goes on who does not stop here. Nobody is heard from, a digest closes when the window does that
    is open, or would be opened, and whom the plan does not move, because that is decided only when it is carried out,
    goes on at once."""
    after = scene.body.after(scene.step)
    for move in plan.moves:
        match move.to:
            case Next():
                yield move.people, after, scene.now
            case Into(branch):
                yield move.people, scene.body.into(scene.step, branch), scene.now
            case Sleep(until):
                yield move.people, after, until
            case Again(until, named):
                round_ = scene.round + 1 if named is None else named
                again = replace(scene.of(move.people), round=round_, now=until)
                yield from onward(plan_step(again), again)
            case Stop(reason) if reason == DIGESTED:
                for closes_at, people in _closing(plan, move.people, scene):
                    yield people, after, closes_at
            case Stay():  # what it waits for nobody can tell; they are taken to get it
                yield move.people, after, scene.now
            case Stop():
                pass
    undecided = scene.people - (join([move.people for move in plan.moves]) if plan.moves else NOBODY)
    if undecided:
        yield undecided, after, scene.now


def _closing(plan: Plan, people: People, scene: Scene) -> Iterator[tuple[datetime, People]]:
    """When what collects these people goes on with them."""
    effects = [effect.effect if isinstance(effect, Among) else effect for effect in plan.effects]
    closes = dict[int, datetime]()
    for one in effects:
        if isinstance(one, Collect):
            closes |= closing_times(one, people & People.of(one.entries), scene)
    places = defaultdict[datetime, list[int]](list)
    for place in people:
        places[closes.get(place, scene.now)].append(place)
    for closes_at, some in sorted(places.items()):
        yield closes_at, People.of(some)
