"""The rows of runs that wait for an event, and what has to be equal for the two to meet."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from notifications.kernel.clock import db_now

from .condition import canonical, value_at
from .models import Awaited
from .people import People
from .step import Scene

KEY_MAX = 100


def match_of(event: str, path: str, payload: Mapping[str, Any]) -> str | None:
    """What has to be equal for an event and a wait to meet. None where the payload has nothing at the path, which is
    equal to nothing."""
    value = value_at(payload, path.removeprefix("payload.")) if path else None
    if path and value is None:
        return None
    return hashlib.sha256(json.dumps([event, path, canonical(value)], sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Await:
    """Writes that the runs of these people wait for this event, until then. A run with nothing to match is met by none,
    and waits for the time alone."""

    people: People
    event: str
    path: str
    until: datetime

    def apply(self, live: People, scene: Scene) -> None:
        runs = [run for run, of_run in scene.runs if of_run & self.people & live]
        waiting = {run.id: match_of(self.event, self.path, run.payload) for run in runs}
        Awaited.objects.bulk_create(
            [
                Awaited(
                    tenant_id=scene.tenant_id,
                    event=self.event,
                    path=self.path,
                    value=value,
                    run_id=pk,
                    step=scene.step,
                    until=self.until,
                )
                for pk, value in sorted(waiting.items())
                if value is not None
            ],
            update_conflicts=True,
            unique_fields=["run", "step"],
            update_fields=["until"],
        )


def forget_waits() -> int:
    """Waits that are over; how many."""
    count, _ = Awaited.objects.across_tenants().filter(until__lt=db_now()).delete()
    return count
