"""`condition`: people of whom it is true go one way, the others another; then both go on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import condition
from ..context import those_who
from ..step import BRANCH, Into, Move, Note, Plan, Scene


class Condition:
    """`if`, and the steps `then` and `else`. Who has no steps to go is noted with the reason `condition`."""

    kind = "condition"
    schema: Mapping[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["if", "then"],
        "properties": {"if": condition.SCHEMA, "then": BRANCH, "else": BRANCH},
    }

    def plan(self, settings: Mapping[str, Any], scene: Scene) -> Plan:
        yes = those_who(settings["if"], scene)
        no = scene.people - yes
        moves = [Move(yes, Into("then")), Move(no, Into("else"))]
        passed = no if settings["then"] and not settings.get("else") else None
        return Plan([move for move in moves if move.people], [Note(passed, self.kind)] if passed else [])


STEP = Condition()
