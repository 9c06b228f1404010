"""Plans for those who only want to know: the scene of a run that is not there, and where its people would go on. The
engine sets its scenes in `scene.py` and moves people in `settle.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from notifications.models import Tenant

from .definition import Body
from .people import NOBODY, People
from .step import DIGESTED, Again, Into, Next, Plan, RunFacts, Scene, Sleep, Stay, Stop, join

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
) -> Scene:
    """These people at this step, as if a run had brought them there; without the house."""
    return Scene(
        tenant_id=tenant.pk,
        tenant={"name": tenant.name, "slug": tenant.slug, "zone": tenant.zone, "locale": tenant.locale},
        body=body,
        step=step,
        round=0,
        people=people,
        ids=ids,
        runs=[(RunFacts(0, _NO_RUN, "", payload, "", now), people)],
        now=now,
    )


def onward(plan: Plan, scene: Scene) -> Iterator[Onward]:
    """Where everybody goes on who does not stop here. Whom the plan does not move, because that is decided only when it
    is carried out, is taken to go on at once."""
    after = scene.body.after(scene.step)
    for move in plan.moves:
        match move.to:
            case Next():
                yield move.people, after, scene.now
            case Into(branch):
                yield move.people, scene.body.into(scene.step, branch), scene.now
            case Sleep(until):
                yield move.people, after, until
            case Again(until, _):  # nobody is heard from, and further rounds say nothing new
                yield move.people, after, until
            case Stop(reason) if reason == DIGESTED:  # what collects them goes on with them, some time
                yield move.people, after, scene.now
            case Stay():  # what it waits for nobody can tell; they are taken to get it
                yield move.people, after, scene.now
            case Stop():
                pass
    undecided = scene.people - (join([move.people for move in plan.moves]) if plan.moves else NOBODY)
    if undecided:
        yield undecided, after, scene.now
