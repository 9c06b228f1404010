"""What would happen to one person if a workflow were triggered: the steps themselves are asked, and nothing is written.

A step plans without writing, so its plan for one person says what it would do. What only time can tell (who will have
read it, who will be gone) is taken as it is now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from notifications.kinds import kinds
from notifications.models import Recipient

from ..definition import FIRST, Body
from ..people import People
from ..reasons import REMARKS, in_words, kind_in_words
from ..step import Next, Plan, RunFacts, Scene, Sleep, Stop, reaches_out
from ..steps import STEPS
from .sentence import Sentence, Speaker

STEPS_MAX = 200
_ONE = People.everyone(1)
_NO_RUN = UUID(int=0)


def walk(
    body: Body, recipient: Recipient, *, at: datetime, payload: Mapping[str, Any], speaker: Speaker
) -> Iterator[Sentence]:
    """Each step from the first to the end, or to one that asks somebody else."""
    step, now = FIRST, at
    for _ in range(STEPS_MAX):
        settings = body.step_at(step)
        if settings is None:
            break
        kind = STEPS[settings["kind"]]
        if reaches_out(kind):
            yield speaker.say("would_reach_out", step=step, what=kind.kind)
            return
        plan = kind.plan(
            {name: value for name, value in settings.items() if name != "kind"},
            _scene(body, recipient, step=step, now=now, payload=payload),
        )
        yield from _said(plan, settings, step, now, speaker)
        match plan.moves[0].to:
            case Stop(reason, detail):
                yield speaker.say(reason, frame="would_end", step=step, why=in_words(reason), detail=detail)
                return
            case Sleep(until):
                yield speaker.say("would_wait", step=step, until=until)
                now = until
            case Next():
                pass
        step = body.after(step)
    yield speaker.say("done", frame="would_end", step=step, at=now, why=in_words("done"))


def _said(plan: Plan, settings: Mapping[str, Any], step: str, now: datetime, speaker: Speaker) -> Iterator[Sentence]:
    sends = settings["kind"] == "send"
    channel = settings.get("channel", "")
    for note in plan.notes:
        frame = "remark" if note.reason in REMARKS else "would_be_held" if note.until else "would_not_send"
        name = kind_in_words(note.channel or channel or settings["kind"])
        given = {"until": note.until} if note.until else {}
        yield speaker.say(
            note.reason,
            frame=frame,
            step=step,
            kind=note.channel,
            channel=name,
            why=in_words(note.reason),
            detail=note.detail,
            **given,
        )
    if sends and plan.effects:
        yield speaker.say("would_send", step=step, kind=channel, channel=kind_in_words(channel), at=now)
    elif sends and not plan.notes:
        kind = kinds().get(channel)
        code = "for_teams" if kind is not None and not kind.personal else "would_go_on"
        yield speaker.say(code, step=step, kind=channel, channel=kind_in_words(channel))
    elif not plan.notes and isinstance(plan.moves[0].to, Next):
        yield speaker.say("would_go_on", step=step)


def _scene(body: Body, recipient: Recipient, *, step: str, now: datetime, payload: Mapping[str, Any]) -> Scene:
    tenant = recipient.tenant
    run = RunFacts(0, _NO_RUN, "", payload, "")
    return Scene(
        tenant_id=tenant.pk,
        tenant={"name": tenant.name, "slug": tenant.slug},
        body=body,
        step=step,
        round=0,
        people=_ONE,
        ids=[recipient.pk],
        runs=[(run, _ONE)],
        now=now,
    )
