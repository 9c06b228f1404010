"""Why: what one person's explanation looks like on the page of a run, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from django.utils.translation import gettext as _

from notifications.models import Recipient
from workflows.definition import Body, load
from workflows.explain import Explanation, explain
from workflows.models import Run
from workflows.runs import runs_of

from .wording import step_in_words


@dataclass(frozen=True)
class Line:
    """A sentence, and the public id of the run that it leads to."""

    text: str
    detail: str
    at: datetime | None
    run: UUID | None


@dataclass(frozen=True)
class Chapter:
    """What is said of one step, or of the recipients, or of the end. `at`: when something happened there."""

    icon: str
    name: str
    sentences: Sequence[Line]

    @property
    def at(self) -> datetime | None:
        return next((one.at for one in self.sentences if one.at), None)


@dataclass(frozen=True)
class Why:
    """`asked`: the external id that was asked about. Without a `person` there is nobody of that name in the tenant."""

    asked: str
    person: Recipient | None = None
    explanation: Explanation | None = None
    chapters: Sequence[Chapter] = ()


def why(run: Run, asked: str) -> Why:
    """The explanation for the person of this external id, in the run's tenant."""
    people = Recipient.reachable.filter(tenant=run.tenant_id, external_id=asked)
    person = people.select_related("tenant").first()
    if person is None:
        return Why(asked)
    found = explain(run, person)
    return Why(asked, person, found, _chapters(found, load(run.definition_id), _runs_named(found, run.tenant_id)))


def _runs_named(found: Explanation, tenant: int) -> Mapping[str, UUID]:
    names = {one.run for one in found.sentences if one.run}
    return dict(runs_of(tenant).filter(transaction_id__in=names).values_list("transaction_id", "public_id"))


def _chapters(found: Explanation, body: Body, runs: Mapping[str, UUID]) -> list[Chapter]:
    chapters: list[Chapter] = []
    for step, some in groupby(found.sentences, key=lambda one: one.step):
        sentences = [Line(one.text, one.detail, one.at, runs.get(one.run)) for one in some]
        if step:
            words = step_in_words(body.step_at(step) or {})
            chapters.append(Chapter(words.icon, words.name, sentences))
        elif chapters:
            chapters.append(Chapter("info", _("In the end"), sentences))
        else:
            chapters.append(Chapter("people", _("Recipients"), sentences))
    return chapters
