"""What a tenant says of a workflow of its own, as a value: its form is checked here, its sense on publishing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from django.utils.translation import gettext as _

from .cascade import written_out
from .definition import Body
from .flaws import flaws_of_names, problem_of_defaults
from .models import Workflow
from .payload import InvalidPayload, check_bounds
from .refusals import Invalid

DESCRIPTION_MAX, TAGS_MAX, TAG_MAX = 5_000, 20, 50


@dataclass(frozen=True)
class Design:
    """All of a draft but its key. Frozen: a change makes a new one, which is checked as a whole."""

    name: str
    description: str = ""
    tags: Sequence[str] = ()
    category: str = ""
    critical: bool = False
    tab: str = "general"
    payload_schema: Mapping[str, Any] = field(default_factory=dict)
    sample: Mapping[str, Any] = field(default_factory=dict)
    steps: Sequence[Any] = ()
    defaults: Mapping[str, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, row: Workflow) -> Design:
        return cls(**{one.name: getattr(row, one.name) for one in fields(cls)})

    @classmethod
    def of_body(cls, body: Body, *, tags: Sequence[str]) -> Design:
        said = {name: value for name, value in body.to_json().items() if name != "key"}
        return cls(**said, tags=tags)

    def body(self, key: str) -> Body:
        """The version that publishing it makes: cascades written out, and without tags, which only help finding it."""
        said = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "tags"}
        return Body.from_json({"key": key, **said, "steps": written_out(self.steps)})

    def to_json(self) -> dict[str, Any]:
        return {**self.__dict__, "tags": list(self.tags), "steps": list(self.steps)}


def check_form(key: str, design: Design) -> None:
    """Whether a draft of this can be kept. It may be unfinished, but every field is what it has to be. Raises Invalid
    by field."""
    errors = {flaw.where: flaw.message for flaw in flaws_of_names(key, design.name)}
    errors |= {name: words for name, kind, words in _FORMS if not isinstance(getattr(design, name), kind)}
    if not errors:
        errors |= _flaws_of_values(design)
    if errors:
        raise Invalid(_("Some fields are missing or wrong."), errors=errors)


_FORMS: Sequence[tuple[str, Any, str]] = (
    ("description", str, "Must be text."),
    ("tags", list | tuple, "Must be a list."),
    ("category", str, "Must be text."),
    ("critical", bool, "Must be true or false."),
    ("tab", str, "Must be text."),
    ("payload_schema", Mapping, "Must be an object: a JSON Schema."),
    ("sample", Mapping, "Must be an object."),
    ("steps", list | tuple, "Must be a list of steps."),
    ("defaults", Mapping, "Must be an object: channels, and true or false."),
)


def _flaws_of_values(design: Design) -> dict[str, str]:
    errors = {}
    if len(design.description) > DESCRIPTION_MAX:
        errors["description"] = f"May have at most {DESCRIPTION_MAX} characters."
    if len(design.category) > 100:
        errors["category"] = "May have at most 100 characters."
    if problem := problem_of_defaults(design.defaults):
        errors["defaults"] = problem
    if len(design.tab) > 32:
        errors["tab"] = "May have at most 32 characters."
    fitting = all(isinstance(tag, str) and 0 < len(tag) <= TAG_MAX and tag.isprintable() for tag in design.tags)
    if not fitting or len(design.tags) > TAGS_MAX or len(set(design.tags)) < len(design.tags):
        errors["tags"] = f"Up to {TAGS_MAX} different texts of 1 to {TAG_MAX} printable characters."
    for place, step in enumerate(design.steps):
        if not isinstance(step, Mapping):
            errors[f"steps[{place}]"] = "Must be an object with a `kind`."
    try:
        written_out(design.steps)
    except (TypeError, ValueError) as error:
        errors.setdefault("steps", str(error))
    for name in ("description", "payload_schema", "sample", "steps"):
        try:
            check_bounds({name: getattr(design, name)})
        except InvalidPayload as error:
            errors[name] = error.errors[""]
    return errors
