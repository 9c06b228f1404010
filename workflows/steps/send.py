"""`send`: tell the people who stand here, or their teams, on one channel kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from notifications.kinds import INBOX, kinds

from ..people import NOBODY
from ..sending.people import missed_by_choice, tell_people
from ..sending.sending import NOTHING, Sending
from ..sending.sight import ASK_AGAIN
from ..sending.teams import missed, tell_teams
from ..sending.template import locales_schema, template_schema
from ..silencing import noted, silenced
from ..step import Move, Next, Note, Plan, Scene, Stay, all_next


class Send:
    """Tells people on a kind that reaches people, and the house on one that reaches teams; who is neither walks on
    without a word. Every kind that `notifications.kinds` knows is one to send on; nothing here names any."""

    kind = "send"

    @property
    def schema(self) -> Mapping[str, Any]:
        known = sorted(kinds())
        of_kind = [
            {
                "if": {"properties": {"channel": {"const": key}}, "required": ["channel"]},
                "then": {"properties": {"template": template_schema(key), "locales": locales_schema(key)}},
            }
            for key in known
        ]
        return {
            "type": "object",
            "additionalProperties": False,
            "required": ["channel"],
            "properties": {
                "channel": {"enum": known},
                "template": {"type": "object"},
                "locales": {"type": "object"},
                "skip_if_read": {"type": "boolean"},
                "expires_after": {"type": "number", "minimum": 60, "maximum": 366 * 24 * 3600},
            },
            "allOf": of_kind,
        }

    def at_once(self, settings: Mapping[str, Any]) -> bool:
        """Into the inbox: there is nothing to find out but whether they want it."""
        return bool(settings["channel"] == INBOX.key)

    def plan(self, settings: Mapping[str, Any], scene: Scene) -> Plan:
        kind = kinds().get(settings["channel"])
        if kind is None:  # it was there when the definition was written, and its package is gone
            return Plan(all_next(scene), [Note(scene.people, "unknown_channel", settings["channel"])])
        sending = Sending.of(settings, kind, scene)
        people = scene.people - scene.house if kind.personal else NOBODY
        house = scene.people & scene.house if kind.team else NOBODY
        silent = missed(silenced(people | house, scene, channel=kind.key), house, sending)
        silent = missed_by_choice(silent, people, sending)
        people, house = people - noted(silent), house - noted(silent)
        to_people = tell_people(people, sending) if people else NOTHING
        to_teams = tell_teams(house, sending) if house else NOTHING
        notes = [*silent, *to_people.notes, *to_teams.notes]
        effects = [*to_people.effects, *to_teams.effects]
        if not to_people.waiting:
            return Plan(all_next(scene), notes, effects)
        going, waiting = scene.people - to_people.waiting, Move(to_people.waiting, Stay(scene.now + ASK_AGAIN))
        return Plan([*([Move(going, Next())] if going else []), waiting], notes, effects)


STEP = Send()
