"""`wait_for`: wait until a person acknowledges, or has read it, for so long and no longer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from notifications import inbox

from ..hearing import ACKNOWLEDGED, listen
from ..people import People
from ..step import Again, Move, Next, Plan, Scene, Stop

LONGEST = timedelta(days=366).total_seconds()
ENDS = {"enum": ["continue", "stop"]}
TIMED_OUT = "timed_out"


class WaitFor:
    """Each person waits for themself. Who `acknowledged` is woken at once; whether they have `read` what this run put
    into their inbox is looked at when the time is over. A match goes on unless `on_match` is `stop`, and who has not
    been heard from in `seconds` goes on unless `on_timeout` is. The house waits for the whole time.
    """

    kind = "wait_for"
    schema: Mapping[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["what", "seconds"],
        "properties": {
            "what": {"enum": [ACKNOWLEDGED, "read"]},
            "seconds": {"type": "number", "minimum": 1, "maximum": LONGEST},
            "on_match": ENDS,
            "on_timeout": ENDS,
        },
    }

    def heeds(self, settings: Mapping[str, Any]) -> tuple[str, bool]:
        return settings["what"], False

    def plan(self, settings: Mapping[str, Any], scene: Scene) -> Plan:
        what = settings["what"]
        heard = listen(scene, what) if what == ACKNOWLEDGED else None
        over = scene.round > 0
        matched = heard.people if heard else _readers(scene)
        rest = scene.people - matched
        until = scene.now + timedelta(seconds=settings["seconds"])
        moves = [
            Move(matched, _to(settings.get("on_match"), what)),
            Move(rest, _to(settings.get("on_timeout"), TIMED_OUT) if over else Again(until)),
        ]
        return Plan([move for move in moves if move.people], heard=heard)


def _to(end: str | None, reason: str) -> Next | Stop:
    return Stop(reason) if end == "stop" else Next()


def _readers(scene: Scene) -> People:
    """Those who have dealt with what this run put into their inbox."""
    pairs = {place: (run.public_id, scene.ids[place]) for run, of_run in scene.runs for place in of_run - scene.house}
    done = inbox.readers(list(pairs.values())) if pairs else set()
    return People.of(place for place, pair in pairs.items() if pair in done)


STEP = WaitFor()
