"""`throttle`: at most so many in a while for each person; the rest ends here, passes by, or goes another way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from ..condition import PATH_MAX, canonical, value_at
from ..people import People
from ..step import BRANCH, Into, Move, Next, Note, Plan, Scene, Stop
from ..throttling import let_through, scope_of

THROTTLED = "throttled"


class Throttle:
    """`most` in `seconds`, counted for each person, and for each value of `key`, a payload value, where it is named.
    The window begins with the first that passes.

    Who passes walks `then`, if there is any, and goes on. The rest is noted as `throttled`: it walks `else`, if there
    is any, and goes on; else it ends here, or goes on if `stop` is false. Critical workflows are throttled too.
    """

    kind = "throttle"
    schema: Mapping[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["most", "seconds"],
        "properties": {
            "most": {"type": "integer", "minimum": 1, "maximum": 10_000},
            "seconds": {"type": "number", "minimum": 1, "maximum": timedelta(days=366).total_seconds()},
            "key": {"type": "string", "minLength": 1, "maxLength": PATH_MAX},
            "stop": {"type": "boolean"},
            "then": BRANCH,
            "else": BRANCH,
        },
        "not": {"required": ["stop", "else"]},
    }

    def plan(self, settings: Mapping[str, Any], scene: Scene) -> Plan:
        """Counted under the lock: a plan that is made twice must not count twice. Who only asks hears who passes."""
        if scene.supposed:
            return self._counted(settings, scene.people, scene)
        return Plan([Move(scene.people, Into("then"))], inside=partial(self._counted, settings))

    def _counted(self, settings: Mapping[str, Any], live: People, scene: Scene) -> Plan:
        step, key = scene.known_as, settings.get("key", "").removeprefix("payload.")
        scopes: dict[int, str] = {}
        for run, people in scene.runs:  # a run that carries digests is here once for each that differs
            scopes |= dict.fromkeys(people, scope_of(scene.body.key, step, canonical(value_at(run.payload, key))))
        within = timedelta(seconds=settings["seconds"])
        passed = let_through(live, scene, scopes=scopes, most=settings["most"], within=within)
        rest = live - passed
        where, notes = self._of_the_rest(settings, rest)
        moves = [Move(passed, Into("then")), Move(rest, where)]
        return Plan([move for move in moves if move.people], notes if rest else [])

    def _of_the_rest(self, settings: Mapping[str, Any], rest: People) -> tuple[Into | Next | Stop, list[Note]]:
        if settings.get("else"):
            return Into("else"), [Note(rest, THROTTLED)]
        if settings.get("stop", True):
            return Stop(THROTTLED), []
        return Next(), [Note(rest, THROTTLED)]


STEP = Throttle()
