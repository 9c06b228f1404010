"""Calling back what a run has put aside or into the outbox: what is held, what waits there, and what waits there in a
summary with messages of other runs."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from channels_delivery import outbox
from preferences import holding

from .models import Run


def call_back(run: Run, *, now: datetime, recipients: Collection[int] | None = None) -> int:
    """Nothing of this run leaves any more, for all or for these people; how many messages that were to leave will not.

    First what is held: a release that is under way is waited for, and what it put into the outbox is found there. A
    summary that has not started is taken apart: its other messages are held again, and released anew without this one.
    """
    held = holding.cancel(origin=run.public_id, now=now, recipients=recipients)
    some = None if recipients is None else sorted(recipients)
    waiting, _ = outbox.cancel(origin=run.public_id, now=now, recipients=some)
    summaries = holding.summaries_with(run.public_id, tenant_id=run.tenant_id, recipients=recipients)
    taken = outbox.take_back(summaries, now=now, recipients=recipients) if summaries else []
    if taken:
        held += holding.taken_apart(taken, without=run.public_id, tenant_id=run.tenant_id, now=now)
    return held + waiting
