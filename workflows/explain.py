"""The front door to explanations: why somebody was told something by a run, or was not; and what would happen.

    explain(run, alice).texts
    explain_future("invoice.overdue", alice, at=tonight).texts

Ordered sentences in the language in force, each with a code for programs: first whether and how they were among the
recipients, then each step of the definition, then how it ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from notifications.kernel.clock import BETWEEN, EARLIEST, LATEST, db_now
from notifications.models import Recipient
from notifications.targets import Target

from .catalogue import in_force
from .definition import Body
from .explaining.audience import Place, place_of, why_inside, why_outside
from .explaining.collected import Fate, what_it_holds, where_it_went
from .explaining.future import walk
from .explaining.sentence import Explanation, Sentence, Speaker
from .explaining.trail import Trail
from .models import Run
from .refusals import BadRequest, UnknownWorkflow

__all__ = ["Explanation", "Sentence", "explain", "explain_future"]


def explain(run: Run, recipient: Recipient) -> Explanation:
    """What became of this person in this run, or why they had no part in it. Times are said in their zone.

    Who ended in digests is followed into the runs that told them. As many queries whatever the size of the run; some
    for each such digest, and one for each item that was put into their inbox.
    """
    speaker = Speaker.to(recipient)
    place = place_of(run, recipient) if recipient.tenant_id == run.tenant_id else None
    if place is None:
        return Explanation(tuple(why_outside(run, recipient, speaker)), outside=True)

    def fate(carrier: Run, there: Place) -> Fate:
        return Trail.of(carrier, recipient, there).fate

    inside = what_it_holds(run, place, speaker) if run.digest else why_inside(run, recipient, speaker)
    digests = partial(where_it_went, run, recipient, place, speaker, fate)
    return Trail.of(run, recipient, place).explained(inside, speaker, digests)


def explain_future(
    workflow: str | Body,
    recipient: Recipient,
    *,
    at: datetime | None = None,
    payload: Mapping[str, Any] | None = None,
    target: Any = None,
) -> Explanation:
    """What would happen to this person if `workflow` were triggered for them `at` that time (now, if None), by what
    they want and how they can be reached now. `payload`: the sample, if None. `target`: the object that it would be
    about, as `trigger()` takes it. Nothing is written. Raises UnknownWorkflow, BadRequest for a time
    that is too far away, and ValueError for what is no object."""
    if at is not None and not EARLIEST <= at < LATEST:
        raise BadRequest("What would happen then cannot be told.", errors={"at": BETWEEN})
    about = "" if target is None else str(Target.of(target))
    speaker = Speaker.to(recipient)
    if isinstance(workflow, str):
        found = in_force([workflow], tenant=recipient.tenant)
        if workflow not in found:
            raise UnknownWorkflow(f"There is no published workflow {workflow!r}.")
        _, workflow = found[workflow]
    if not recipient.active and not recipient.ad_hoc:
        return Explanation((speaker.say("not_active"),), outside=True)
    given = workflow.sample if payload is None else payload
    said = tuple(walk(workflow, recipient, at=at or db_now(), payload=given, target=about, speaker=speaker))
    return Explanation(said, told=any(one.code == "would_send" or (one.channel and one.until) for one in said))
