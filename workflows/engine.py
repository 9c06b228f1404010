"""The engine: works off what is due, a set of people at a time.

    drain()  ──►  claim due cohorts  ──►  plan the step  ──►  apply, note, move        one short transaction
             ──►  or resolve more recipients   ──►  or take back what was cancelled

Whoever calls `drain()` takes part: a worker that heard the doorbell, a ticker, a test. Work is claimed by lease, so
a worker that dies holds nothing for longer than that, and what a dead or slow worker still wants to write is refused.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

from django.db import OperationalError, transaction

from notifications.kernel import doorbell
from notifications.kernel.clock import db_now

from . import settle
from .claim import Held, claim_due, release_failed
from .conf import DRAIN_SECONDS, conf
from .engine_bell import BELL, QUEUE
from .expand import expand_due
from .models import Run
from .retract import withdraw_due
from .scene import Work, load_work
from .step import Plan
from .steps import STEPS

logger = logging.getLogger(__name__)

DEADLOCK_TRIES = 3

LOOK_AGAIN = 0.01
"""Seconds between two looks while listening."""


def drain(*, seconds: float = DRAIN_SECONDS, listen: float = 0.0) -> int:
    """Work off everything that is due, for at most this long; how many pieces of work that was.

    Cohorts come before new recipients, so that what was begun ends first and a large run does not pile up. `listen`
    is for how many seconds to go on looking once nothing more is due: what commits meanwhile is worked off together.
    """
    deadline, done, tenant = time.monotonic() + seconds, 0, 0
    quiet_since: float | None = None
    while time.monotonic() < deadline:
        now = db_now()
        if held := claim_due(now=now, lease=timedelta(seconds=conf().lease_seconds)):
            for one in held:
                advance(one)
        elif (served := expand_due(now=now, after_tenant=tenant)) is not None:
            tenant = served
        elif not withdraw_due(now=now):
            quiet_since = quiet_since or time.monotonic()
            if not done or time.monotonic() - quiet_since >= listen:
                return done
            time.sleep(LOOK_AGAIN)
            continue
        done, quiet_since = done + 1, None
    doorbell.ring(BELL, queue=QUEUE)
    return done


def advance(held: Held) -> None:
    """Walk one cohort as far as it goes now. An error puts it back with its people unharmed, to be tried again."""
    try:
        going: Held | None = held
        while going is not None:
            going = _step(going)
    except Exception as error:  # one broken definition must not stop the others
        logger.exception("engine.step_failed cohort=%s", held.cohort_id)
        release_failed(held, error=error, now=db_now())


def _step(held: Held) -> Held | None:
    """One step of one cohort: plan with nothing locked, then write in one transaction. The hold goes on while the
    next step is due at once."""
    work = load_work(held, now=db_now())
    if work is None:
        return None
    settings = work.scene.body.step_at(work.scene.step)
    if settings is None:
        raise LookupError(f"The definition has no step {work.scene.step!r}.")
    plan = STEPS[settings["kind"]].plan({name: value for name, value in settings.items() if name != "kind"}, work.scene)
    going = _settled(held, work, plan)
    if work.chunk.run_id is not None and not going:
        settle.finish_large([work.chunk.run_id], now=work.scene.now)
    return held if going else None


def _settled(held: Held, work: Work, plan: Plan) -> bool:
    """The write, tried again when the database chose it as a deadlock's victim."""
    for _ in range(DEADLOCK_TRIES - 1):
        try:
            with transaction.atomic():
                return settle.settle(held, work, plan)
        except OperationalError as error:
            if not _is_deadlock(error):
                raise
    with transaction.atomic():
        return settle.settle(held, work, plan)


def _is_deadlock(error: OperationalError) -> bool:
    return getattr(error.__cause__, "sqlstate", "") in {"40P01", "40001"}


def sweep() -> None:
    """What the ticker and Beat call: find due work that no doorbell announced, and tidy."""
    drain(seconds=DRAIN_SECONDS)


def tidy() -> None:
    """Finish runs whose last worker died between its last write and the finish; forget old idempotency keys."""
    now = db_now()
    waiting = Run.objects.across_tenants().filter(status="processing", expand_at__isnull=True, chunk__isnull=True)
    settle.finish_large(list(waiting.order_by("pk").values_list("pk", flat=True)[:500]), now=now)
    forget_keys(now=now)


def forget_keys(*, now: datetime) -> int:
    """Idempotency keys count for a day; how many ended."""
    old = now - timedelta(hours=conf().idempotency_hours)
    keyed = Run.objects.across_tenants().filter(idempotency_key__isnull=False, created_at__lt=old)
    return keyed.update(idempotency_key=None)
