"""What a trigger would do, step by step, as the playground says it: to how many, to whom not and why, at what hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from notifications.kinds import kinds
from workflows.definition import Body
from workflows.radius import Send
from workflows.reasons import in_words
from workflows.trigger import DryRun

from .wording import StepWords, step_in_words


@dataclass(frozen=True)
class DryStep:
    """A step, and what is known of it beforehand."""

    words: StepWords
    lines: Sequence[str]


def dry_steps(found: DryRun, body: Body) -> list[DryStep]:
    sends = {send.step: send for send in found.sends}
    steps = ((step_in_words(step), sends.get(position)) for position, step in body.walk())
    return [DryStep(words, _lines(send, found) if send else [words.detail]) for words, send in steps]


def _lines(send: Send, found: DryRun) -> list[str]:
    about = _("About") + " " if found.estimated else ""
    people = ngettext("%(n)d person", "%(n)d people", send.people) % {"n": send.people}
    teams = ngettext("%(n)d team", "%(n)d teams", send.teams) % {"n": send.teams}
    night = ngettext("It is night for %(n)d of them.", "It is night for %(n)d of them.", send.at_night)
    told = ", ".join(words for words, n in ((people, send.people), (teams, send.teams)) if n)
    return [
        about + told if told else _("Nobody") if _reaches_people(send) else _("No team"),
        *(_("Not %(n)d: %(why)s") % {"n": n, "why": in_words(reason)} for reason, n in sorted(send.skipped.items())),
        *([night % {"n": send.at_night}] if send.at_night else []),
    ]


def _reaches_people(send: Send) -> bool:
    kind = kinds().get(send.channel)
    return kind is None or kind.personal
