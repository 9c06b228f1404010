"""The playground's form: what was typed and ticked, and the trigger it means."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from workflows.define import Workflow
from workflows.refusals import Refused
from workflows.trigger import Trigger

TEXT_MAX = 512 * 1024
AUDIENCES = ("default", "everyone", "chosen")


@dataclass(frozen=True)
class Problem:
    """What is wrong, in which field, and for the payload where in it (a JSON pointer)."""

    field: str
    message: str
    where: str = ""

    def to_json(self) -> dict[str, str]:
        return dict(self.__dict__)


class Unusable(ValueError):
    """The form does not make a trigger."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = list(problems)


@dataclass(frozen=True)
class Draft:
    """The form as it is filled in; right or wrong, it is shown again as it was."""

    workflow: Workflow
    text: str
    audience: str = "default"
    people: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    actor: str = ""
    include_actor: bool = False
    idempotency_key: str = ""
    problems: list[Problem] = field(default_factory=list)

    @classmethod
    def fresh(cls, workflow: Workflow) -> Draft:
        return cls(workflow, json.dumps(dict(workflow.sample), indent=2, ensure_ascii=False))

    @classmethod
    def of(cls, form: QueryDict, workflow: Workflow) -> Draft:
        audience = form.get("audience", "")
        return cls(
            workflow,
            form.get("payload", "").replace("\r\n", "\n"),
            audience if audience in AUDIENCES else "default",
            frozenset(form.getlist("person")),
            frozenset(form.getlist("topic")),
            form.get("actor", ""),
            form.get("include_actor") == "yes",
            form.get("idempotency_key", "").strip(),
        )

    def to_trigger(self) -> Trigger:
        """Raises Unusable for what can be seen without asking the database."""
        return Trigger(
            self.workflow.key,
            self._payload(),
            self._recipients(),
            actor={"id": self.actor} if self.actor else None,
            idempotency_key=self.idempotency_key or None,
            include_actor=self.include_actor,
        )

    def _payload(self) -> Mapping[str, Any]:
        if len(self.text) > TEXT_MAX:
            raise Unusable([Problem("payload", _("That is more than a payload may hold."))])
        try:
            payload: Mapping[str, Any] = json.loads(self.text or "{}")
        except json.JSONDecodeError as error:
            said = _("Line %(line)d, column %(column)d: this is not JSON (%(why)s).")
            words = {"line": error.lineno, "column": error.colno, "why": error.msg}
            raise Unusable([Problem("payload", said % words)]) from error
        except (ValueError, RecursionError) as error:
            said = _("This is nested too deeply, or has a number that is too long.")
            raise Unusable([Problem("payload", said)]) from error
        return payload

    def _recipients(self) -> list[dict[str, Any]] | None:
        if self.audience == "default":
            return None
        if self.audience == "everyone":
            return [{"everyone": True}]
        chosen: list[dict[str, Any]] = [{"id": person} for person in sorted(self.people)]
        chosen += [{"topic": topic} for topic in sorted(self.topics)]
        if not chosen:
            raise Unusable([Problem("recipients", _("Nobody is chosen yet: tick a person or a topic."))])
        return chosen


def problems_of(refused: Refused) -> list[Problem]:
    """A refusal of the front door, at the fields it is about."""
    if refused.code == "invalid_payload":
        return [Problem("payload", message, where or "/") for where, message in refused.errors.items()]
    if refused.code == "unknown_recipients":
        return [Problem("recipients", f"{name}: {why}") for name, why in refused.errors.items()]
    return [Problem("form", refused.detail)]
