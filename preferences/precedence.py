"""Whether: who wants what, and who has the last word. Pure: choices and a tenant's words come in as plain rows.

The order, first match decides: suppressed, no; critical, yes; the tenant's lock; the person's choice; the tenant's
default; the workflow's default; else yes. Of several choices, locks or defaults the narrowest counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from .verdict import SEND, Decision, Rule, Send, Skip, Subject, Why, Width

Named = tuple[str, str, str]
"""Workflow, category and channel kind that a row speaks of; what is empty is any."""

ChoiceRow = tuple[int, str, str, str, bool]
"""A person, and what they chose: workflow, category, kind, wanted."""

TenantRow = tuple[str, str, str, bool, bool]
"""Workflow, category, kind, wanted, locked."""

SUPPRESSED = Skip("suppressed", why=Why(Rule.SUPPRESSED))
CRITICAL = Send(Why(Rule.CRITICAL))
_NARROWNESS = {width: rank for rank, width in enumerate(reversed(Width))}
OFF_BY = {
    Width.WORKFLOW_CHANNEL: "off_by_workflow",
    Width.WORKFLOW: "off_by_workflow",
    Width.CATEGORY_CHANNEL: "off_by_category",
    Width.CATEGORY: "off_by_category",
    Width.CHANNEL: "off_by_channel",
    Width.EVERYTHING: "off_by_everything",
}


def width_of(named: Named) -> Width:
    workflow, category, kind = named
    return Width.of(workflow=workflow, category=category, kind=kind)


def speaking_of(subject: Subject) -> list[Named]:
    """Everything that a row may name to speak of this subject, the narrowest first."""
    workflow, category, kind = subject.workflow, subject.category, subject.kind
    of_workflow = [(workflow, "", kind), (workflow, "", "")] if workflow else []
    of_category = [("", category, kind), ("", category, "")] if category else []
    return [*of_workflow, *of_category, ("", "", kind), ("", "", "")]


def whether(
    subjects: Sequence[Subject],
    recipients: Sequence[int],
    *,
    choices: Iterable[ChoiceRow],
    of_tenant: Iterable[TenantRow],
) -> list[dict[int, Decision]]:
    """Send or Skip for each of these people, a dict for each subject."""
    said = list(of_tenant)
    locks = {(workflow, category, kind): wanted for workflow, category, kind, wanted, locked in said if locked}
    defaults = {(workflow, category, kind): wanted for workflow, category, kind, wanted, locked in said if not locked}
    decided: list[dict[int, Decision]] = []
    open_to_choice: dict[Named, list[dict[int, Decision]]] = defaultdict(list)
    for subject in subjects:
        settled = CRITICAL if subject.critical else _lock(subject, locks)
        answers = dict.fromkeys(recipients, settled or _default(subject, defaults))
        decided.append(answers)
        for named in () if settled else speaking_of(subject):
            open_to_choice[named].append(answers)
    _choose(choices, open_to_choice)
    for subject, answers in zip(subjects, decided, strict=True):
        answers.update(dict.fromkeys(subject.suppressed & answers.keys(), SUPPRESSED))
    return decided


def _choose(choices: Iterable[ChoiceRow], open_to_choice: Mapping[Named, list[dict[int, Decision]]]) -> None:
    """What people chose, over what held without them: the widest first, so that the narrowest stays."""
    people: dict[Named, list[tuple[int, bool]]] = defaultdict(list)
    for person, workflow, category, kind, wanted in choices:
        people[workflow, category, kind].append((person, wanted))
    for named in sorted(people.keys() & open_to_choice.keys(), key=lambda one: _NARROWNESS[width_of(one)]):
        width = width_of(named)
        why = Why(Rule.CHOICE, width)
        on, off = Send(why), Skip(OFF_BY[width], why=why)
        chosen: dict[int, Decision] = {person: on if wanted else off for person, wanted in people[named]}
        for answers in open_to_choice[named]:
            answers.update(chosen)


def _lock(subject: Subject, locks: Mapping[Named, bool]) -> Decision | None:
    for named in speaking_of(subject):
        if named in locks:
            why = Why(Rule.LOCK, width_of(named))
            return Send(why) if locks[named] else Skip("locked_off", why=why)
    return None


def _default(subject: Subject, defaults: Mapping[Named, bool]) -> Decision:
    for named in speaking_of(subject):
        if named in defaults:
            why = Why(Rule.TENANT_DEFAULT, width_of(named))
            return Send(why) if defaults[named] else Skip("off_by_tenant", why=why)
    if subject.default is None:
        return SEND
    why = Why(Rule.WORKFLOW_DEFAULT)
    return Send(why) if subject.default else Skip("off_by_default", why=why)
