"""A run as a line of stages: what is over, where people are now, what is still to come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from workflows.definition import load
from workflows.models import Run, Status
from workflows.position import level, reading_order
from workflows.runs import Progress

from .wording import step_in_words


@dataclass(frozen=True)
class Stage:
    """`state` is over, now, ahead or failed."""

    icon: str
    name: str
    state: str
    detail: str = ""
    at: datetime | None = None


def timeline(run: Run, now_at: Progress) -> list[Stage]:
    return [_triggered(run), _resolving(run, now_at), *_steps(run, now_at), *_end(run)]


def _triggered(run: Run) -> Stage:
    by = _("by %(name)s") % {"name": run.actor} if run.actor else ""
    return Stage("bolt", _("Triggered"), "over", by, run.created_at)


def _resolving(run: Run, now_at: Progress) -> Stage:
    name = _("Finding the people")
    found = ngettext("%(n)d person", "%(n)d people", run.people) % {"n": run.people}
    if run.status == Status.PENDING:
        if run.start_at > run.created_at:
            return Stage("clock", name, "ahead", _("Starts later"), run.start_at)
        return Stage("people", name, "now", _("Waiting for a worker"))
    if run.cancelled_at and not run.people:
        return Stage("people", name, "failed", _("Cancelled before"))
    return Stage("people", _("People found") if now_at.resolved else name, "over" if now_at.resolved else "now", found)


def _steps(run: Run, now_at: Progress) -> list[Stage]:
    standing = now_at.walking
    first = min(map(reading_order, standing), default=None)
    ended = run.status in (Status.SENT, Status.FAILED)
    stages = []
    for position, step in load(run.definition_id).walk():
        words, here = step_in_words(step), standing[position]
        passed = now_at.resolved and run.people > 0 and (ended if first is None else reading_order(position) < first)
        state = "now" if here else "over" if passed else "ahead"
        detail = ngettext("%(n)d person is here", "%(n)d people are here", here) % {"n": here} if here else words.detail
        stages.append(Stage(words.icon, "↳ " * level(position) + words.name, state, detail))
    return stages


def _end(run: Run) -> list[Stage]:
    if run.cancelled_at is None:
        if run.status == Status.FAILED:
            return [Stage("error", _("Failed"), "failed", run.error, run.finished_at)]
        if run.status == Status.SENT:
            return [Stage("success", _("Sent"), "over", "", run.finished_at)]
        return [Stage("success", _("Everyone told"), "ahead")]
    taken_back = "over" if run.retracted_at else "now"
    return [
        Stage("error", _("Cancelled"), "failed", "", run.cancelled_at),
        Stage("undo", _("Taken back from inboxes"), taken_back, "", run.retracted_at),
    ]
