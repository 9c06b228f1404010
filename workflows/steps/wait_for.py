"""`wait_for`: wait until a person has acknowledged or read it, or until something happens, but not for ever."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from notifications import inbox

from ..awaiting import KEY_MAX, Await, match_of
from ..hearing import ACKNOWLEDGED, EVENT, READ, event_at, listen
from ..people import People
from ..step import Again, Move, Next, Note, Plan, Scene, Stop, join

LONGEST = timedelta(days=366).total_seconds()
LOOKS, MINUTE = 12, timedelta(minutes=1)
TIMED_OUT = "timed_out"
NOTHING_TO_MATCH = "nothing_to_match"
_ENDS = {"enum": ["continue", "stop"]}


class WaitFor:
    """Who `acknowledged` is woken at once, each for themself. Whether they have `read` what this run put into their
    inbox is looked at a dozen times, at most every minute, the last time at the end. An `event` of that name wakes all
    of the run, if it has the same value as the run at `match` in its payload; what came before the wait does not count.
    A run that has no value there is met by no event, which is noted as `nothing_to_match`.

    A match goes on unless `on_match` is `stop`, and who has not been heard from in `seconds` goes on unless
    `on_timeout` is. The house acknowledges nothing and reads nothing.
    """

    kind = "wait_for"
    schema: Mapping[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["what", "seconds"],
        "properties": {
            "what": {"enum": [ACKNOWLEDGED, READ, EVENT]},
            "event": {"type": "string", "minLength": 1, "maxLength": KEY_MAX},
            "match": {"type": "string", "minLength": 1, "maxLength": 200},
            "seconds": {"type": "number", "minimum": 1, "maximum": LONGEST},
            "on_match": _ENDS,
            "on_timeout": _ENDS,
        },
        "if": {"properties": {"what": {"const": EVENT}}},
        "then": {"required": ["event"]},
        "else": {"properties": {"event": False, "match": False}},
    }

    def heeds(self, settings: Mapping[str, Any], position: str) -> tuple[str, bool]:
        return event_at(position) if settings["what"] == EVENT else settings["what"], False

    def plan(self, settings: Mapping[str, Any], scene: Scene) -> Plan:
        what, length = settings["what"], timedelta(seconds=settings["seconds"])
        looks = max(1, min(LOOKS, length // MINUTE)) if what == READ else 1
        heard = None if what == READ else listen(scene, self.heeds(settings, scene.step)[0])
        matched = heard.people if heard else _readers(scene)
        rest, over = scene.people - matched, scene.round >= looks
        missed = _to(settings.get("on_timeout"), TIMED_OUT) if over else Again(scene.now + length / looks)
        moves = [Move(matched, _to(settings.get("on_match"), what)), Move(rest, missed)]
        begins = what == EVENT and rest and not over
        awaits = Await(rest, settings["event"], settings.get("match", ""), scene.now + length) if begins else None
        notes = _notes(awaits, scene) if awaits else []
        return Plan([move for move in moves if move.people], notes, [awaits] if awaits else [], heard)


def _to(end: str | None, reason: str) -> Next | Stop:
    return Stop(reason) if end == "stop" else Next()


def _notes(awaits: Await, scene: Scene) -> list[Note]:
    """Of the runs that no event can meet."""
    unmet = [people for run, people in scene.runs if match_of(awaits.event, awaits.path, run.payload) is None]
    found = join(unmet) & awaits.people
    return [Note(found, NOTHING_TO_MATCH, detail=f"{awaits.path} is not in the payload")] if found else []


def _readers(scene: Scene) -> People:
    """Those who have dealt with what this run put into their inbox."""
    pairs = {place: (run.public_id, scene.ids[place]) for run, of_run in scene.runs for place in of_run - scene.house}
    done = inbox.readers(list(pairs.values())) if pairs else set()
    return People.of(place for place, pair in pairs.items() if pair in done)


STEP = WaitFor()
