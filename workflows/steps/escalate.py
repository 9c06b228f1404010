"""`escalate`: tell one level after the other, until somebody acknowledges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from ..calling import CallIn
from ..definition import Body
from ..hearing import ACKNOWLEDGED, listen
from ..people import NOBODY, People
from ..rounds import turn_and_stage
from ..sending.sight import ASK_AGAIN, UNKNOWN
from ..stages import Stages, stages_of
from ..step import Again, Among, Effect, Move, Next, Note, Plan, Scene, Stay, Stop, join
from .send import STEP as SEND

LONGEST = timedelta(days=31).total_seconds()
EXHAUSTED = "exhausted"
TOLD = "done"
_ENDS = {"enum": ["continue", "stop"]}


@dataclass(frozen=True)
class Level:
    """One level as it would be told if nobody acknowledged: `at` first, and `times` in all."""

    settings: Mapping[str, Any]
    at: datetime
    times: int

    def worded(self, body: Body) -> Body:
        """The definition as it holds here: an important level passes what people switched off."""
        return replace(body, critical=True) if self.settings.get("important") else body


def levels_of(settings: Mapping[str, Any], *, now: datetime) -> tuple[list[Level], datetime | None]:
    """Every level, and when the run's own people go on behind the last one; None if they end there."""
    times, at, found = settings.get("repeat", 0) + 1, now, list[Level]()
    for level in settings["levels"]:
        found.append(Level(level, at, times))
        at += timedelta(seconds=level["seconds"])
    stops = settings.get("on_exhausted", "continue") == "stop"
    return found, None if stops else now + (at - now) * times


class Escalate:
    """Each level tells its people on its channels, and waits `seconds` before the next. A level `to` somebody calls
    those people into the run when it starts; one without tells the run's own. What it sends to teams is told by the
    house. After the last level all are gone through again, `repeat` times.

    As soon as anybody acknowledges the run it is over for everybody: the run's own people stop, unless
    `on_acknowledge` is `continue`. When all levels are exhausted they go on, unless `on_exhausted` is `stop`. Who was
    called in is done when they have been told. A level reaches people as they wish; an `important` one passes what they
    switched off. Whoever has a policy of their own for it (which channel first, which after how long) is told in that
    order within the level's wait; a delay that is longer is cut to its end.
    """

    kind = "escalate"

    @property
    def schema(self) -> Mapping[str, Any]:
        name = {"type": "string", "minLength": 1, "maxLength": 255}
        forms: dict[str, Any] = {**dict.fromkeys(("user", "id", "topic", "role"), name), "everyone": {"const": True}}
        somebody = {
            "type": "object",
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 1,
            "properties": forms,
        }
        level = {
            "type": "object",
            "additionalProperties": False,
            "required": ["send", "seconds"],
            "properties": {
                "to": {"type": "array", "minItems": 1, "maxItems": 1_000, "items": somebody},
                "send": {"type": "array", "minItems": 1, "maxItems": 10, "items": SEND.schema},
                "seconds": {"type": "number", "minimum": 1, "maximum": LONGEST},
                "important": {"type": "boolean"},
            },
        }
        return {
            "type": "object",
            "additionalProperties": False,
            "required": ["levels"],
            "properties": {
                "levels": {"type": "array", "minItems": 1, "maxItems": 20, "items": level},
                "repeat": {"type": "integer", "minimum": 0, "maximum": 20},
                "on_acknowledge": _ENDS,
                "on_exhausted": _ENDS,
            },
        }

    def heeds(self, settings: Mapping[str, Any], position: str) -> tuple[str, bool]:
        del settings, position
        return ACKNOWLEDGED, True

    def plan(self, settings: Mapping[str, Any], scene: Scene) -> Plan:
        heard = listen(scene, ACKNOWLEDGED, by_anybody=True)
        acknowledged, rest = heard.people, scene.people - heard.people
        level = _level(settings, turn_and_stage(scene.round)[0])
        moves = [Move(acknowledged, _end(settings, "on_acknowledge", "stop", ACKNOWLEDGED, scene))]
        told = _Telling()
        if level is None:
            moves.append(Move(rest, _end(settings, "on_exhausted", "continue", EXHAUSTED, scene)))
        elif rest:
            told = _tell(level, rest, scene)
        moves += told.moves
        return Plan([move for move in moves if move.people], told.notes, told.effects, heard)


def _level(settings: Mapping[str, Any], turn: int) -> Mapping[str, Any] | None:
    """The level whose turn it is; None when all are exhausted."""
    levels: Sequence[Mapping[str, Any]] = settings["levels"]
    through = len(levels) * (settings.get("repeat", 0) + 1)
    return levels[turn % len(levels)] if turn < through else None


def is_important(settings: Mapping[str, Any], round_: int) -> bool:
    """Whether what this step told in this round passes what people switched off."""
    turn, _ = turn_and_stage(round_)
    level = _level(settings, turn) if settings.get("kind") == Escalate.kind else None
    return bool(level and level.get("important"))


def _end(settings: Mapping[str, Any], name: str, usual: str, reason: str, scene: Scene) -> Next | Stop:
    """Where the run's own people go; who was called in has nowhere to go."""
    stops = scene.called or settings.get(name, usual) == "stop"
    return Stop(reason) if stops else Next()


@dataclass(frozen=True)
class _Telling:
    moves: Sequence[Move] = ()
    notes: Sequence[Note] = ()
    effects: Sequence[Effect] = ()


def _tell(level: Mapping[str, Any], people: People, scene: Scene) -> _Telling:
    """The level's sends that are due at this stage, to those here whom they are for: who was called in for it, or the
    run's own, each by their own policy, and the house. And when who is here comes again."""
    house = people & scene.house
    own = NOBODY if "to" in level and not scene.called else people - house
    stages = stages_of(level, own, scene) if own else Stages([NOBODY for _ in level["send"]])
    concerned = replace(scene, house=house, body=Level(level, scene.now, 1).worded(scene.body))
    due = [(send, some | house) for send, some in zip(level["send"], stages.due, strict=True)]
    plans = [SEND.plan(send, replace(concerned, people=some)) for send, some in due if some]
    # Of whom one send waits, none goes out: this stage is told as a whole, later, and who gets nothing is noted then.
    waiting = join([move.people for plan in plans for move in plan.moves if isinstance(move.to, Stay)])
    effects: list[Effect] = [effect for plan in plans for effect in plan.effects]
    notes = [*stages.notes, *(note for plan in plans for note in plan.notes)]
    if waiting:
        effects = [Among((own | house) - waiting, effect) for effect in effects]
        notes = [one if one.reason == UNKNOWN else replace(one, people=one.people - waiting) for one in notes]
    if "to" in level and house:
        effects.append(CallIn(house, level["to"]))
    moves = [Move(move.people - waiting, move.to) for move in _moves(stages, people - own, level, scene)]
    return _Telling([*moves, Move(waiting, Stay(scene.now + ASK_AGAIN))], notes, effects)


def _moves(stages: Stages, others: People, level: Mapping[str, Any], scene: Scene) -> list[Move]:
    """To the stage that each one's policy has next, or to the next level; who was called in has been told then.
    `others` are not told here, or are the house, and wait for the whole level."""
    turn, _ = turn_and_stage(scene.round)
    moves = [Move(some, Again(until, round_)) for (until, round_), some in stages.later.items()]
    ends = dict(stages.ends)
    if others:
        whole = scene.now + timedelta(seconds=level["seconds"])
        ends[whole] = ends.get(whole, NOBODY) | others
    for until, some in ends.items():
        moves.append(Move(some, Stop(TOLD) if scene.called else Again(until, turn + 1)))
    return moves


STEP = Escalate()
