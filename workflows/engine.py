"""The engine: works off what is due, a set of people at a time.

    drain()  ──►  claim due cohorts  ──►  plan the step  ──►  apply, note, move        one short transaction
             ──►  or resolve more recipients   ──►  or close digests   ──►  or take back what was cancelled

Whoever calls `drain()` takes part: a worker that heard the doorbell, a ticker, a test. Work is claimed by lease, so
a worker that dies holds nothing for longer than that, and what a dead or slow worker still wants to write is refused.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Value

from notifications.kernel import doorbell
from notifications.kernel.clock import db_now
from notifications.kernel.config import enabled

from . import settle
from .claim import Held, claim_due, hold_on, isolate_lost, put_back, release_failed
from .closing import close_due
from .conf import DRAIN_SECONDS, conf
from .engine_bell import BELL, QUEUE
from .expand import expand_due
from .models import Cohort, Run, Window
from .retract import withdraw_due
from .scene import Work, load_work
from .step import Move, Plan, Stale, Stop
from .steps import STEPS

logger = logging.getLogger(__name__)

DEADLOCK_TRIES = 3

LOOK_AGAIN = 0.025
"""Seconds between two looks while listening, in which further commits gather to be worked off together."""

STEP_ASIDE = timedelta(milliseconds=500)
"""How long a cohort steps aside for a cancel that is under way."""

AWAY = timedelta(seconds=2)
"""How long a cohort waits for a database that was away or too busy, which is no fault of its people."""


def drain(*, seconds: float = DRAIN_SECONDS, listen: float = 0.0) -> int:
    """Work off everything that is due, for at most this long; how many pieces of work that was.

    Cohorts, recipients to resolve, digests to close and items to take back have their turns one after the other, and
    within each the tenants have theirs. `listen` is for how many seconds to go on looking once nothing more is due.
    """
    deadline, done, tenant, closer = time.monotonic() + seconds, 0, 0, 0
    quiet_since: float | None = None
    while time.monotonic() < deadline:
        now = db_now()
        stepped = _step_due(now)
        served = expand_due(now=now, after_tenant=tenant)
        closed = close_due(now=now, after_tenant=closer)
        withdrawn = withdraw_due(now=now)
        tenant, closer = served or tenant, closed or closer
        if stepped or served is not None or closed is not None or withdrawn:
            done, quiet_since = done + 1, None
            continue
        quiet_since = quiet_since or time.monotonic()
        if not done or time.monotonic() - quiet_since >= listen:
            return done
        while not anything_due(now=db_now()) and time.monotonic() - quiet_since < listen:
            time.sleep(LOOK_AGAIN)
    doorbell.ring(BELL, queue=QUEUE)
    return done


def anything_due(*, now: datetime) -> bool:
    """Whether a drain would find something, in one statement."""
    cohorts, runs = Cohort.objects.across_tenants(), Run.objects.across_tenants()
    questions = (
        cohorts.filter(open=True, wake_at__lte=now),
        runs.filter(expand_at__lte=now),
        Window.objects.across_tenants().filter(closed=False, closes_at__lte=now),
        runs.filter(withdraw_at__lte=now),
    )
    found = [one.values_list(Value(1)).order_by()[:1] for one in questions]
    return found[0].union(*found[1:], all=True).exists() if connection.vendor == "postgresql" else any(map(bool, found))


def _step_due(now: datetime) -> int:
    """Claim a few cohorts and walk each; how many."""
    lease = timedelta(seconds=conf().lease_seconds)
    held, claimed = claim_due(now=now, lease=lease), time.monotonic()
    for one in held:
        waited = time.monotonic() - claimed
        if waited < conf().lease_seconds / 3 or hold_on(one, now=db_now(), lease=lease):
            advance(one)
    return len(held)


def advance(held: Held) -> None:
    """Walk one cohort as far as it goes now. An error puts it back with its people unharmed, to be tried again."""
    if held.tries > conf().tries and isolate_lost(held, now=db_now()):
        return
    try:
        going: Held | None = held
        while going is not None:
            going = _step(going)
    except Stale:
        put_back(held, until=db_now())
    except Exception as error:  # one broken definition must not stop the others
        if _sqlstate(error) == LOCKED:
            put_back(held, until=db_now() + STEP_ASIDE)
            return
        if isinstance(error, OperationalError | InterfaceError) and _sqlstate(error) != CANCELED:
            logger.warning("engine.database_away cohort=%s error=%s", held.cohort_id, type(error).__name__)
            put_back(held, until=db_now() + AWAY)
            return
        logger.exception("engine.step_failed cohort=%s", held.cohort_id)
        release_failed(held, error=error, now=db_now())


def _step(held: Held) -> Held | None:
    """One step of one cohort: plan with nothing locked, then write in one transaction. The hold goes on while the
    next step is due at once."""
    work = load_work(held, now=db_now())
    if work is None:
        return None
    return held if _settled(held, work, _plan(work)) else None


def _plan(work: Work) -> Plan:
    scene = work.scene
    if not enabled():
        return Plan([Move(scene.people, Stop("disabled"))])
    settings = scene.body.step_at(scene.step)
    if settings is None:
        raise LookupError(f"The definition has no step {scene.step!r}.")
    return STEPS[settings["kind"]].plan({name: value for name, value in settings.items() if name != "kind"}, scene)


def _settled(held: Held, work: Work, plan: Plan) -> bool:
    """The write, tried again when the database chose it as a deadlock's victim."""
    for _ in range(DEADLOCK_TRIES - 1):
        try:
            with transaction.atomic():
                return settle.settle(held, work, plan)
        except OperationalError as error:
            if _sqlstate(error) not in DEADLOCKS:
                raise
    with transaction.atomic():
        return settle.settle(held, work, plan)


DEADLOCKS = {"40P01", "40001"}
LOCKED = "55P03"
CANCELED = "57014"
"""A statement took longer than the site allows: that may be the fault of these people, and costs a try."""


def _sqlstate(error: Exception) -> str:
    """PostgreSQL's name for what went wrong, or nothing."""
    return getattr(error.__cause__, "sqlstate", None) or ""


def sweep() -> None:
    """What the ticker and Beat call: find due work that no doorbell announced."""
    drain(seconds=DRAIN_SECONDS)


def forget_keys() -> int:
    """Idempotency keys count for a day; how many ended."""
    old = db_now() - timedelta(hours=conf().idempotency_hours)
    keyed = Run.objects.across_tenants().filter(idempotency_key__isnull=False, created_at__lt=old)
    return keyed.update(idempotency_key=None)
