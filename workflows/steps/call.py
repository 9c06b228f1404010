"""`call`: ask a function of the host about people, a set at a time, for values or for the way that each goes."""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext as _

from notifications import routing
from notifications.kinds import INBOX

from ..chain import behind, caused_by
from ..conf import conf
from ..functions import FUNCTIONS, Branch, Person
from ..models import ChunkResult
from ..payload import check_bounds
from ..people import People
from ..step import BRANCH, Into, Move, Next, Note, Plan, Scene, Stop

logger = logging.getLogger(__name__)

CALL_FAILED = "call_failed"
VALUE_MAX = 4 * 1024


@dataclass(frozen=True)
class Keep:
    """Writes the values, by place."""

    values: Mapping[int, Any]
    step: str

    def apply(self, live: People, scene: Scene) -> None:
        kept = {place: value for place, value in self.values.items() if place in live}
        if kept:
            ChunkResult.objects.create(chunk_id=scene.chunk_id, step=self.step, values=kept, created_at=scene.now)


class Call:
    """Asks the registered `function`. A value is `steps.<name>` of that person; a `Branch` sends them into the setting
    of that name, which holds steps. Teams and people who have left are not asked and go on.

    Tried again as every step is when it raises; then everybody goes on without it (`on_error: continue`, with the
    reason `call_failed`) or ends here with that reason (`stop`). For static workflows: a tenant has no functions.
    """

    kind = "call"
    reaches_out = True
    static_only = True
    schema: Mapping[str, Any] = {
        "type": "object",
        "required": ["function"],
        "properties": {
            "function": {"type": "string", "minLength": 1},
            "on_error": {"enum": ["continue", "stop"]},
        },
        "additionalProperties": BRANCH,
    }

    def problems(self, settings: Mapping[str, Any]) -> Iterator[str]:
        if settings["function"] not in FUNCTIONS:
            known = ", ".join(sorted(FUNCTIONS)) or _("none")
            yield _(
                "there is no function %(name)s; known: %(known)s. Register it with @function, where it is imported with"
                " the workflow."
            ) % {"name": repr(settings["function"]), "known": known}

    def plan(self, settings: Mapping[str, Any], scene: Scene) -> Plan:
        people = _people(scene)
        branches = {name for name, value in settings.items() if name not in self.schema["properties"]}
        try:
            with caused_by(behind([run.id for run, _ in scene.runs], tenant_id=scene.tenant_id) if people else ()):
                answers = _answers(settings["function"], list(people.values()), branches) if people else []
        except (OperationalError, InterfaceError):
            raise  # a database that is away is no answer
        except Exception as error:
            if scene.tries < conf().tries:
                raise
            logger.exception("call.failed function=%s workflow=%s", settings["function"], scene.body.key)
            return _without(settings, scene, f"{type(error).__name__}: {error}"[:500])
        return _with(dict(zip(people, answers, strict=True)), scene)


def _people(scene: Scene) -> dict[int, Person]:
    """Those to be asked about, by place. One query."""
    ids = sorted({scene.ids[place] for place in scene.people - scene.house})
    profiles = routing.reach_many(INBOX, ids, tenant_id=scene.tenant_id, profiles=True).profiles if ids else {}
    known = {key: {name: value for name, value in profile.items() if name != "id"} for key, profile in profiles.items()}
    return {
        place: Person(scene.ids[place], known[scene.ids[place]], run.payload, run.transaction_id)
        for run, of_run in scene.runs
        for place in of_run
        if scene.ids[place] in known
    }


def _answers(name: str, people: Sequence[Person], branches: set[str]) -> list[Any]:
    """What the function says, checked. Raises whatever it raises, and ValueError for what is no answer."""
    answers = list(FUNCTIONS[name](people))
    if len(answers) != len(people):
        raise ValueError(f"{name} answered {len(answers)} times for {len(people)} people.")
    for answer in answers:
        if isinstance(answer, Branch):
            if answer.name not in branches:
                raise ValueError(f"{name} names the branch {answer.name!r}; the step has: {sorted(branches)}.")
        else:
            check_bounds({"value": answer})
            if len(json.dumps(answer)) > VALUE_MAX:
                raise ValueError(f"{name} answered with more than {VALUE_MAX} bytes for one person.")
    return answers


def _with(answers: Mapping[int, Any], scene: Scene) -> Plan:
    ways = defaultdict[str, list[int]](list)
    for place, answer in answers.items():
        if isinstance(answer, Branch):
            ways[answer.name].append(place)
    moves = [Move(People.of(places), Into(name)) for name, places in ways.items()]
    rest = scene.people - People.of(place for places in ways.values() for place in places)
    values = {place: answer for place, answer in answers.items() if not isinstance(answer, Branch)}
    return Plan([*moves, *([Move(rest, Next())] if rest else [])], effects=[Keep(values, scene.step)])


def _without(settings: Mapping[str, Any], scene: Scene, error: str) -> Plan:
    asked = scene.people - scene.house
    if settings.get("on_error") == "stop":
        moves = [Move(asked, Stop(CALL_FAILED, error)), Move(scene.house & scene.people, Next())]
        return Plan([move for move in moves if move.people])
    return Plan([Move(scene.people, Next())], [Note(asked, CALL_FAILED, detail=error)])


STEP = Call()
