"""What would happen to one person if a workflow were triggered: the steps themselves are asked, and nothing is written.

A step plans without writing, so its plan for one person says what it would do. What only time can tell (who will have
read it, who will be gone) is taken as it is now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from notifications.kinds import kinds
from notifications.models import Recipient

from .. import audience as audiences
from ..calling import meant_by
from ..definition import FIRST, Body
from ..onward import Onward, onward, supposed
from ..people import People
from ..planning import plan_step
from ..reasons import REMARKS, in_words, kind_in_words
from ..step import Again, Plan, Scene, Stop, reaches_out
from ..steps import STEPS
from ..steps.escalate import EXHAUSTED, Level, levels_of
from .sentence import Sentence, Speaker, silence_on

STEPS_MAX = 200
_ONE = People.everyone(1)


def walk(
    body: Body, recipient: Recipient, *, at: datetime, payload: Mapping[str, Any], target: str, speaker: Speaker
) -> Iterator[Sentence]:
    """Each step from the first to the end, or to one that asks somebody else."""
    standing: Onward = (_ONE, FIRST, at)
    for _ in range(STEPS_MAX):
        _, step, now = standing
        settings = None if step is None else body.step_at(step)
        if step is None or settings is None:
            yield speaker.say("done", frame="would_end", at=now, why=in_words("done"))
            return
        kind = STEPS[settings["kind"]]
        if reaches_out(kind):
            yield speaker.say("would_reach_out", step=step, what=kind.kind)
            return
        given: dict[str, Any] = {"people": _ONE, "step": step, "now": now, "payload": payload, "target": target}
        scene = supposed(body, recipient.tenant, [recipient.pk], **given)
        plan = plan_step(scene)
        if any(isinstance(move.to, Again) for move in plan.moves) and "levels" in settings:
            levels, until = levels_of(settings, now=now)
            yield from _escalation(levels, scene, recipient, speaker)
            if until is None:
                yield speaker.say(EXHAUSTED, frame="would_end", step=step, why=in_words(EXHAUSTED))
                return
            standing = (_ONE, body.after(step), until)
            continue
        goes_on = next(onward(plan, scene), None)
        yield from _notes(plan, settings, step, speaker)
        if goes_on is None:
            yield from _end(plan, step, speaker)
            return
        standing = goes_on
        yield from _deeds(plan, settings, scene, speaker, until=standing[2])


def _escalation(levels: Sequence[Level], scene: Scene, recipient: Recipient, speaker: Speaker) -> Iterator[Sentence]:
    """What each level would tell them, as if nobody acknowledged: as one of the run's own, or called in."""
    for number, level in enumerate(levels):
        called = "to" in level.settings
        if called:
            audience = meant_by(level.settings["to"], scene.tenant_id)
            if not audiences.among(audience, [recipient.pk], tenant_id=scene.tenant_id, without=None, after=0):
                continue
        plan = plan_step(replace(scene, round=number, now=level.at, called=called))
        silent = {note.channel for note in plan.notes if note.reason not in REMARKS}
        for send in level.settings["send"]:
            kind = kinds().get(send["channel"])
            if kind is not None and kind.for_all and kind.key not in silent:
                about: dict[str, Any] = {"kind": kind.key, "channel": kind_in_words(kind.key), "level": number + 1}
                yield speaker.say("would_send", frame="would_escalate", step=scene.step, at=level.at, **about)
        yield from _notes(plan, level.settings["send"][0], scene.step, speaker)


def _notes(plan: Plan, settings: Mapping[str, Any], step: str, speaker: Speaker) -> Iterator[Sentence]:
    for note in plan.notes:
        frame = "remark" if note.reason in REMARKS else "would_be_held" if note.until else "would_not_send"
        name = kind_in_words(note.channel or settings.get("channel") or settings["kind"])
        given: dict[str, Any] = {"step": step, "kind": note.channel, "detail": note.detail}
        if note.until:
            given["until"] = note.until
        yield speaker.say(note.reason, frame=frame, channel=name, why=in_words(note.reason), **given)


def _deeds(
    plan: Plan, settings: Mapping[str, Any], scene: Scene, speaker: Speaker, *, until: datetime
) -> Iterator[Sentence]:
    """What the step would do to them, beside what is noted."""
    step, channel = scene.step, settings.get("channel", "")
    about: dict[str, Any] = {"step": step, "kind": channel, "channel": kind_in_words(channel)}
    if settings["kind"] == "send" and plan.effects:
        yield speaker.say("would_send", at=scene.now, **about)
    elif not plan.notes and (kind := kinds().get(channel)) is not None and not kind.for_all:
        yield speaker.say(silence_on(kind), **about)
    elif until > scene.now:
        yield speaker.say("would_wait", step=step, until=until)
    elif not plan.notes:
        yield speaker.say("would_go_on", step=step)


def _end(plan: Plan, step: str, speaker: Speaker) -> Iterator[Sentence]:
    for move in plan.moves:
        if isinstance(move.to, Stop):
            why = in_words(move.to.reason)
            yield speaker.say(move.to.reason, frame="would_end", step=step, why=why, detail=move.to.detail)
