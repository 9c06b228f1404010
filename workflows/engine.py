"""The engine: works off what is due, a set of people at a time.

    drain()  ──►  claim due cohorts  ──►  plan the step  ──►  apply, note, move        one short transaction
             ──►  or resolve more recipients   ──►  or close digests   ──►  or take back what was cancelled

Whoever calls `drain()` takes part: a worker that heard the doorbell, a ticker, a test. Work is claimed by lease, so
a worker that dies holds nothing for longer than that, and what a dead or slow worker still wants to write is refused.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Min, Value

from notifications.kernel import doorbell
from notifications.kernel.clock import Clock, db_now
from notifications.kernel.config import enabled

from . import settle
from .claim import Held, claim_due, hold_on, isolate_lost, put_back, release_failed
from .closing import close_due
from .conf import DRAIN_SECONDS, conf
from .engine_bell import BELL, QUEUE
from .expand import expand_due
from .models import Cohort, Run, Window
from .planning import plan_step
from .retract import withdraw_due
from .scene import Work, load_work
from .step import Move, Plan, Stale, Step, Stop
from .steps import STEPS

Steps = Mapping[str, Step]

logger = logging.getLogger(__name__)

DEADLOCK_TRIES = 3

LOOK_AGAIN = 0.025
"""Seconds between two looks while listening, in which further commits gather to be worked off together."""

STEP_ASIDE = timedelta(milliseconds=500)
"""How long a cohort steps aside for a cancel that is under way."""

AWAY = timedelta(seconds=2)
"""How long a cohort waits for a database that was away or too busy, which is no fault of its people."""


def drain(
    *,
    seconds: float = DRAIN_SECONDS,
    listen: float = 0.0,
    clock: Clock = db_now,
    tenant: int | None = None,
    steps: Steps = STEPS,
) -> int:
    """Work off everything that is due, for at most this long; how many pieces of work that was.

    Cohorts, recipients to resolve, digests to close and items to take back have their turns one after the other, and
    within each the tenants have theirs; who was just resolved takes a step at once if nobody else had one to take.
    `listen` is for how many seconds to go on looking once nothing more is due. `clock` says what is due. `tenant`:
    nobody else's work. `steps`: how each kind of step plans.
    """
    deadline, done, served, closer = time.monotonic() + seconds, 0, 0, 0
    quiet_since: float | None = None
    while time.monotonic() < deadline:
        now = clock()
        stepped = _step_due(now, clock, tenant, steps)
        expanded = expand_due(now=now, after_tenant=served, tenant=tenant)
        if expanded is not None and not stepped:
            stepped = _step_due(now, clock, expanded, steps)
        closed = close_due(now=now, after_tenant=closer, tenant=tenant)
        withdrawn = withdraw_due(now=now, tenant=tenant)
        served, closer = expanded or served, closed or closer
        if stepped or expanded is not None or closed is not None or withdrawn:
            done, quiet_since = done + 1, None
            continue
        quiet_since = quiet_since or time.monotonic()
        if not done or time.monotonic() - quiet_since >= listen:
            return done
        while not anything_due(now=clock(), tenant=tenant) and time.monotonic() - quiet_since < listen:
            time.sleep(LOOK_AGAIN)
    doorbell.ring(BELL, queue=QUEUE)
    return done


def anything_due(*, now: datetime, tenant: int | None = None) -> bool:
    """Whether a drain would find something, in one statement."""
    cohorts, runs = Cohort.objects.within(tenant), Run.objects.within(tenant)
    questions = (
        cohorts.filter(open=True, wake_at__lte=now),
        runs.filter(expand_at__lte=now),
        Window.objects.within(tenant).filter(closed=False, closes_at__lte=now),
        runs.filter(withdraw_at__lte=now),
    )
    found = [one.values_list(Value(1)).order_by()[:1] for one in questions]
    return found[0].union(*found[1:], all=True).exists() if connection.vendor == "postgresql" else any(map(bool, found))


def next_due(*, tenant: int) -> datetime | None:
    """When this tenant's next work is due, or was; None when nothing waits."""
    cohorts, runs = Cohort.objects.filter(tenant=tenant, open=True), Run.objects.filter(tenant=tenant)
    windows = Window.objects.filter(tenant=tenant, closed=False)
    firsts = [
        cohorts.aggregate(at=Min("wake_at"))["at"],
        windows.aggregate(at=Min("closes_at"))["at"],
        *runs.aggregate(a=Min("expand_at"), b=Min("withdraw_at")).values(),
    ]
    return min((at for at in firsts if at is not None), default=None)


def _step_due(now: datetime, clock: Clock, tenant: int | None, steps: Steps) -> int:
    """Claim a few cohorts and walk each; how many."""
    lease = timedelta(seconds=conf().lease_seconds)
    held, claimed = claim_due(now=now, lease=lease, tenant=tenant), time.monotonic()
    for one in held:
        waited = time.monotonic() - claimed
        if waited < conf().lease_seconds / 3 or hold_on(one, now=clock(), lease=lease):
            advance(one, clock=clock, steps=steps)
    return len(held)


def advance(held: Held, *, clock: Clock = db_now, steps: Steps = STEPS) -> None:
    """Walk one cohort as far as it goes now. An error puts it back with its people unharmed, to be tried again."""
    if held.tries > conf().tries and isolate_lost(held, now=clock()):
        return
    try:
        going: Held | None = held
        while going is not None:
            going = _step(going, clock, steps)
    except Stale:
        put_back(held, until=clock())
    except Exception as error:  # one broken definition must not stop the others
        if _sqlstate(error) == LOCKED:
            put_back(held, until=clock() + STEP_ASIDE)
            return
        if isinstance(error, OperationalError | InterfaceError) and _sqlstate(error) != CANCELED:
            logger.warning("engine.database_away cohort=%s error=%s", held.cohort_id, type(error).__name__)
            put_back(held, until=clock() + AWAY)
            return
        logger.exception("engine.step_failed cohort=%s", held.cohort_id)
        release_failed(held, error=error, now=clock())


def _step(held: Held, clock: Clock, steps: Steps) -> Held | None:
    """One step of one cohort: plan with nothing locked, then write in one transaction. The hold goes on while the
    next step is due at once."""
    work = load_work(held, now=clock())
    if work is None:
        return None
    return held if _settled(held, work, _plan(work, steps)) else None


def _plan(work: Work, steps: Steps) -> Plan:
    scene = work.scene
    if not enabled():
        return Plan([Move(scene.people, Stop("disabled"))])
    return plan_step(scene, steps)


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
