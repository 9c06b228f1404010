"""What a trigger would do, step by step, as the playground says it: to how many, to whom not and why, at what hour."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from notifications.kinds import kinds
from workflows.definition import Body
from workflows.radius import Send
from workflows.reasons import in_words, kind_in_words
from workflows.trigger import DryRun

from .wording import StepWords, step_in_words


@dataclass(frozen=True)
class DryStep:
    """A step, and what is known of it beforehand."""

    words: StepWords
    lines: Sequence[str]


def dry_steps(found: DryRun, body: Body) -> list[DryStep]:
    sends = defaultdict[str, list[Send]](list)
    for send in found.sends:
        sends[send.step].append(send)
    steps = ((step_in_words(step), sends[position]) for position, step in body.walk())
    return [DryStep(words, _all_lines(here, found) or [words.detail]) for words, here in steps]


def _all_lines(sends: Sequence[Send], found: DryRun) -> list[str]:
    """Of an escalation, with the level and the channel before them."""
    return [_at_level(send, line) for send in sends for line in _lines(send, found)]


def _at_level(send: Send, line: str) -> str:
    if send.level is None:
        return line
    where = {"level": send.level, "channel": kind_in_words(send.channel), "words": line}
    return _("Level %(level)d, %(channel)s: %(words)s") % where


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
    return kind is None or kind.for_all
