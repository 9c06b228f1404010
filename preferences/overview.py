"""What a person gets, as a matrix of category and workflow by channel, each cell with the rule that decides it; and
what would become of one workflow at some moment. Both ask the rules that the engine asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import F, Q

from notifications import routing
from notifications.kinds import Kind
from notifications.models import Category, NoticeType, Recipient

from .decision import decide_each
from .models import TenantChoice
from .precedence import Named, speaking_of, whether
from .reading import said_about
from .verdict import Decision, Rule, Send, Skip, Subject, Why


@dataclass(frozen=True)
class Cell:
    """One channel of a row: whether it comes, the person's own word about exactly this, and who decided. `note`: what
    the tenant says about its lock."""

    channel: str
    on: bool
    choice: bool | None
    decision: Decision
    note: str = ""

    @property
    def locked(self) -> bool:
        """Whether the person's word would change nothing."""
        return self.decision.why.rule in (Rule.LOCK, Rule.CRITICAL)


@dataclass(frozen=True)
class Line:
    """A workflow or, without one, a category ("" for what is in none)."""

    workflow: str
    category: str
    name: str
    description: str
    critical: bool
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Matrix:
    channels: Sequence[Kind]
    lines: Sequence[Line]
    """Each category followed by its workflows."""


@dataclass(frozen=True)
class Answer:
    """What becomes of a workflow on one channel."""

    channel: str
    decision: Decision


def notices_of(person: Recipient, *keys: str) -> list[NoticeType]:
    """The kinds of notice that this person's tenant has, by name; its own before one for all. One query."""
    ours = Q(tenant__isnull=True) | Q(tenant=person.tenant_id)
    rows = NoticeType.objects.filter(ours, **({"key__in": keys} if keys else {})).select_related("category")
    by_key = {row.key: row for row in rows.order_by(F("tenant").asc(nulls_first=True))}
    return sorted(by_key.values(), key=lambda row: (row.name.casefold(), row.key))


def subject_of(notice: NoticeType, kind: str) -> Subject:
    category = notice.category.key if notice.category else ""
    default = notice.defaults.get(kind, notice.defaults.get(""))
    return Subject(notice.key, category, kind, critical=notice.critical, default=default)


def matrix_of(person: Recipient) -> Matrix:
    """Every category and workflow by every channel on which this person can be told. Four queries, whatever there is,
    and one for each kind by choice."""
    offered = routing.offered_to(person)
    asked = _rows(person, notices_of(person), [kind.key for kind in offered])
    subjects = [subject for _, of_line in asked for subject in of_line]
    said = said_about(subjects, [person.pk], tenant_id=person.tenant_id)
    decided = iter(whether(subjects, [person.pk], choices=said.choices, of_tenant=said.of_tenant))
    own: dict[Named, bool] = {(workflow, category, kind): on for _, workflow, category, kind, on in said.choices}
    notes = _notes(person)
    lines = [
        replace(line, cells=[_cell(subject, next(decided)[person.pk], own, notes) for subject in of_line])
        for line, of_line in asked
    ]
    return Matrix(offered, lines)


def _cell(subject: Subject, decision: Decision, own: Mapping[Named, bool], notes: Mapping[Named, str]) -> Cell:
    exactly = (subject.workflow, "" if subject.workflow else subject.category, subject.kind)
    note = ""
    if decision.why.rule is Rule.LOCK:
        note = next((notes[named] for named in speaking_of(subject) if named in notes), "")
    return Cell(subject.kind, isinstance(decision, Send), own.get(exactly), decision, note)


def _notes(person: Recipient) -> dict[Named, str]:
    locks = TenantChoice.objects.filter(tenant=person.tenant_id, locked=True)
    return {(row.workflow, row.category, row.kind): row.note for row in locks}


def _rows(person: Recipient, notices: Sequence[NoticeType], kinds: Sequence[str]) -> list[tuple[Line, list[Subject]]]:
    """Each line without its cells, and what to ask for them: of a category every channel, of a workflow its own."""
    ours = Q(tenant__isnull=True) | Q(tenant=person.tenant_id)
    rows = Category.objects.filter(ours).order_by(F("tenant").asc(nulls_first=True))
    categories = {row.key: row for row in rows}
    found: list[tuple[Line, list[Subject]]] = []
    for category in sorted(categories.values(), key=lambda row: row.name.casefold()):
        line = Line("", category.key, category.name, category.description, False, ())
        found.append((line, [Subject("", category.key, kind) for kind in kinds]))
        found += [_of_notice(one, kinds) for one in notices if one.category and one.category.key == category.key]
    return found + [_of_notice(one, kinds) for one in notices if one.category is None]


def _of_notice(notice: NoticeType, kinds: Sequence[str]) -> tuple[Line, list[Subject]]:
    category = notice.category.key if notice.category else ""
    line = Line(notice.key, category, notice.name, notice.description, notice.critical, ())
    return line, [subject_of(notice, kind) for kind in kinds if kind in notice.kinds]


def foretell(person: Recipient, workflow: str, *, now: datetime) -> list[Answer] | None:
    """What would become of this workflow on each of its channels, were it sent to this person at that moment; None
    where there is no such workflow."""
    notice = next(iter(notices_of(person, workflow)), None)
    if notice is None:
        return None
    kinds = [kind for kind in routing.offered_to(person) if kind.key in notice.kinds]
    subjects = [subject_of(notice, kind.key) for kind in kinds]
    decided = decide_each(subjects, [person.pk], tenant_id=person.tenant_id, now=now)
    answers = []
    for kind, of_kind in zip(kinds, decided, strict=True):
        unreachable = _unreachable(person, kind)
        answers.append(Answer(kind.key, unreachable or of_kind[person.pk]))
    return answers


def _unreachable(person: Recipient, kind: Kind) -> Decision | None:
    """Why this kind does not reach this person, whatever they want."""
    if kind.address not in routing.ADDRESSES:
        return None
    spots = routing.reach_many(kind, [person.pk], tenant_id=person.tenant_id).addresses.get(person.pk, ())
    addresses = {spot.address for spot in spots}
    if not addresses:
        return Skip("no_address", why=Why(Rule.NO_ADDRESS))
    suppressed = routing.suppressed_among(kind.key, addresses, tenant_id=person.tenant_id)
    return Skip("suppressed", why=Why(Rule.SUPPRESSED)) if suppressed >= addresses else None
