"""Who has been heard from: what people did about a run, as a step that waits for it asks."""

from __future__ import annotations

from .models import Act
from .people import People
from .step import Heard, Scene

ACKNOWLEDGED = "acknowledged"

READ = "read"
CANCELLED = "cancelled"
EVENT = "event"

EVERYBODY = 0
"""Stands for the person of an act that is nobody's own, and counts for all of its run."""


def event_at(step: str) -> str:
    """The kind of act that says that what a run waited for at this step has happened."""
    return f"{EVENT} {step}"


def listen(scene: Scene, kind: str, *, by_anybody: bool = False) -> Heard:
    """Who of this scene has been heard from. One query."""
    runs = {run.id for run, _ in scene.runs}
    acts = set(Act.objects.filter(run__in=runs, kind=kind).values_list("run_id", "recipient_id"))
    heard = {run for run, recipient in acts if by_anybody or recipient == EVERYBODY}
    places: list[int] = []
    for run, people in scene.runs if acts else ():
        if run.id in heard:
            places += people
        else:
            places += [place for place in people if (run.id, scene.ids[place]) in acts]
    return Heard(kind, People.of(sorted(places)), by_anybody)


def heard_since(heard: Heard, scene: Scene) -> People:
    """Who has been heard from since."""
    return listen(scene, heard.kind, by_anybody=heard.by_anybody).people - heard.people
