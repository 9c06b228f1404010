"""`delay`: wait a while, or until a time that the payload names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ..people import People
from ..step import Move, Next, Note, Plan, Scene, Sleep

LONGEST = timedelta(days=366)


class Delay:
    """`seconds`, or `until`: the name of a payload value that holds an ISO 8601 time with its offset.

    A time that is past goes on at once. One that cannot be read, or lies more than a year ahead, is noted as
    `invalid_time` and goes on at once: a flaw in a payload must not silence a notice.
    """

    kind = "delay"
    schema: Mapping[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
        "properties": {
            "seconds": {"type": "number", "minimum": 1, "maximum": LONGEST.total_seconds()},
            "until": {"type": "string", "minLength": 1},
        },
    }

    def plan(self, settings: Mapping[str, Any], scene: Scene) -> Plan:
        if "seconds" in settings:
            return Plan([Move(scene.people, Sleep(scene.now + timedelta(seconds=settings["seconds"])))])
        moves: dict[Next | Sleep, People] = {}
        notes = []
        for run, people in scene.runs:
            said = _value_at(run.payload, settings["until"])
            until = _time(said)
            if until is None or until > scene.now + LONGEST:
                notes.append(Note(people, "invalid_time", detail=f"{settings['until']} is {said!r:.100}"))
            to = Sleep(until) if until and scene.now < until <= scene.now + LONGEST else Next()
            moves[to] = moves.get(to, People()) | people
        return Plan([Move(people, to) for to, people in moves.items()], notes)


def _value_at(payload: Any, path: str) -> Any:
    for part in path.removeprefix("payload.").split("."):
        payload = payload.get(part) if isinstance(payload, Mapping) else None
    return payload


def _time(value: Any) -> datetime | None:
    try:
        time = datetime.fromisoformat(value)
        return time.astimezone(UTC) if time.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        return None


STEP = Delay()
