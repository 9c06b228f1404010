"""The rows of runs that wait for an event, and what has to be equal for the two to meet."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from notifications.kernel.clock import db_now

from .models import Awaited
from .people import People
from .step import Scene

KEY_MAX = 100


def value_at(event: str, path: str, payload: Mapping[str, Any]) -> str:
    """What has to be equal for an event and a wait to meet."""
    value: Any = payload if path else None
    for part in path.removeprefix("payload.").split(".") if path else ():
        value = value.get(part) if isinstance(value, Mapping) else None
    return hashlib.sha256(json.dumps([event, path, value], sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Await:
    """Writes that the runs of these people wait for this event, until then."""

    people: People
    event: str
    path: str
    until: datetime

    def apply(self, live: People, scene: Scene) -> None:
        waiting = {run.id: run for run, of_run in scene.runs if of_run & self.people & live}
        Awaited.objects.bulk_create(
            [
                Awaited(
                    tenant_id=scene.tenant_id,
                    event=self.event,
                    path=self.path,
                    value=value_at(self.event, self.path, run.payload),
                    run_id=pk,
                    step=scene.step,
                    until=self.until,
                )
                for pk, run in sorted(waiting.items())
            ],
            update_conflicts=True,
            unique_fields=["run", "step"],
            update_fields=["until"],
        )


def forget_waits() -> int:
    """Waits that are over; how many."""
    count, _ = Awaited.objects.across_tenants().filter(until__lt=db_now()).delete()
    return count
