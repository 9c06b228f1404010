"""The front door to simulations: play a workflow with made-up people against a virtual clock, and see what happens.

    reads = Event(Act("read", "alice"), after=timedelta(hours=1))
    timeline = simulate("invoice.overdue", people=["alice", "bob"], events=[Event(Fire()), reads])
    timeline.of("bob").lines()

It is the real engine, with the real steps, preferences, inbox and outbox, on a throw-away tenant in one transaction
that is always rolled back. Nobody waits: the clock jumps from one due time to the next. Nothing leaves: what is due in
the outbox is settled at once, as `sender` says. Nothing is rung, hinted or announced, as nothing commits. Steps that
ask somebody outside are passed.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from channels_delivery.outcome import Delivered, Outcome
from channels_delivery.parcel import Parcel
from channels_delivery.simulated import Sender
from notifications import visibility
from notifications.kernel.clock import BETWEEN, EARLIEST, LATEST, db_now
from notifications.models import Tenant

from .define import Workflow
from .definition import Body
from .hush import Hush
from .refusals import BadRequest
from .simulation.cast import Persona, Somebody, Wish, listed
from .simulation.events import Act, Cancel, Event, Expire, Fire, Publish, Want, checked
from .simulation.failures import Failure, with_failures
from .simulation.play import Play
from .simulation.record import entries
from .simulation.stage import set_up
from .simulation.timeline import TEAM, Entry, Timeline, What
from .tenant_facts import shown_with_slug

__all__ = [
    "TEAM",
    "Act",
    "Cancel",
    "Entry",
    "Event",
    "Expire",
    "Failure",
    "Fire",
    "Hush",
    "Persona",
    "Publish",
    "Timeline",
    "Want",
    "What",
    "Wish",
    "all_arrives",
    "simulate",
]

SECONDS_MAX = 10.0
"""A simulation holds a transaction open, so it must not take long."""

ENTRIES_MAX = 10_000
SLUG = "simulation"
"""What a stage that is like no tenant is seen with."""

LASTS, LASTS_MAX = timedelta(days=31), timedelta(days=400)


def all_arrives(parcel: Parcel) -> Outcome:
    """The sender with which everything arrives."""
    return Delivered()


def simulate(
    workflow: str | Body | Workflow | Mapping[str, Any],
    *,
    people: int | Sequence[Somebody] = 1,
    events: Sequence[Event] = (),
    tenant: Tenant | None = None,
    start: datetime | None = None,
    lasts: timedelta = LASTS,
    failures: Sequence[Failure] = (),
    sender: Sender = all_arrives,
) -> Timeline:
    """Play `workflow`: the key of a published one (of `tenant`, if that is given), a version of one, or the JSON of a
    draft.

    `people`, at most 1,000: how many, or who: names, personas, or recipients of `tenant`, who are copied with what they
    chose. `events`: what happens; if nothing is told, the workflow is triggered at the start, with its sample, for
    everybody. `tenant`: whose name, slug, zone and channels the stage has. `start`: an aware time; now, if None.
    `lasts`: how much time may pass. `failures`: what does not arrive. `sender`: what comes of every other parcel that
    leaves.

    Raises a `refusals.Refused`: `BadRequest` for what cannot be played, `TooMuch` beyond 10 s or 10,000 entries. Uses
    the database for that long; on SQLite nobody else can write meanwhile.
    """
    everybody, planned = _checked(people, events, tenant, start, lasts)
    deadline = time.monotonic() + SECONDS_MAX
    with transaction.atomic():
        try:
            begin = start or db_now()
            stage = set_up(workflow, everybody, tenant=tenant, start=begin)
            play = Play(stage, with_failures(sender, failures, stage.names), begin + lasts, deadline)
            slug = tenant.slug if tenant else SLUG
            with visibility.answered_by(stage.can_see), shown_with_slug(stage.tenant, slug):
                finished = play.run(planned)
            return Timeline(begin, stage.now, tuple(entries(play, most=ENTRIES_MAX)), finished)
        finally:
            transaction.set_rollback(True)


def _checked(
    people: int | Sequence[Somebody],
    events: Sequence[Event],
    tenant: Tenant | None,
    start: datetime | None,
    lasts: timedelta,
) -> tuple[list[Any], list[Event]]:
    if start is not None and start.tzinfo is None:
        raise BadRequest("`start` needs its offset from UTC.")
    if start is not None and not EARLIEST <= start < LATEST:
        raise BadRequest("It cannot start then.", errors={"start": BETWEEN})
    if not timedelta() < lasts <= LASTS_MAX:
        raise BadRequest(f"A simulation lasts up to {LASTS_MAX.days} days.")
    everybody = listed(people)
    foreign = [
        one for one in everybody if not isinstance(one, Persona) and (tenant is None or one.tenant_id != tenant.pk)
    ]
    if foreign:
        raise BadRequest("Only people of the tenant that is given can be copied.")
    return everybody, checked(events or [Event(Fire())], lasts=lasts)
