"""The engine: works off what is due, a set of people at a time.

    drain()  ──►  claim due cohorts  ──►  plan the step  ──►  apply, note, move        one short transaction
             ──►  or resolve more recipients   ──►  or close digests   ──►  or take back what was cancelled

Whoever calls `drain()` takes part: a worker that heard the doorbell, a ticker, a test. Work is claimed by lease, so
a worker that dies holds nothing for longer than that, and what a dead or slow worker still wants to write is refused.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, transaction

from notifications.kernel import doorbell
from notifications.kernel.clock import Clock, db_now
from notifications.kernel.config import enabled

from . import settle
from .claim import Held, claim_due, hold_on, isolate_lost, put_back, release_failed
from .closing import close_next
from .conf import DRAIN_SECONDS, conf
from .due import look
from .engine_bell import BELL, QUEUE
from .expand import Expanded, expand_next
from .models import Run
from .planning import plan_step
from .retract import withdraw_due
from .scene import Work, load_work
from .step import Move, Plan, Stale, Step, Stop
from .steps import STEPS
from .turns import in_turn_after, others

Steps = Mapping[str, Step]

logger = logging.getLogger(__name__)

DEADLOCK_TRIES = 3

LOOK_AGAIN = 0.025
"""Seconds between two looks while listening, in which further commits gather to be worked off together."""

CROWD, BREATH = 0.03, 0.005
"""Seconds from which on a step is one of many people, after which others come first; and between two looks for them."""

PAUSE_MAX = 0.2
"""Seconds for which others come first at most."""

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
    `listen`, for whoever was rung for: a run is looked for before anything else, and for how many seconds to go on
    looking once nothing more is due; such a worker gives way to others behind a crowd's steps. `clock` says what is
    due. `tenant`: nobody else's work. `steps`: how each kind of step plans.
    """
    work = _Round(clock, tenant, steps, gives_way=tenant is None and listen > 0)
    if tenant is not None:
        return _drained(work, seconds, listen)
    begun = time.monotonic()
    _under_way.append(begun)
    try:
        return _drained(work, seconds, listen)
    finally:
        _under_way.remove(begun)


_under_way: list[float] = []
"""When those began who work off everybody's in this process."""


def _drained(work: _Round, seconds: float, listen: float) -> int:
    deadline, done = time.monotonic() + seconds, int(bool(listen) and work.begin())
    quiet_since: float | None = None
    while time.monotonic() < deadline:
        if work.go():
            done, quiet_since = done + 1, None
            continue
        quiet_since = quiet_since or time.monotonic()
        if not done or time.monotonic() - quiet_since >= listen:
            return done
        time.sleep(LOOK_AGAIN)
    doorbell.ring(BELL, queue=QUEUE)
    return done


class _Round:
    """Once round all that may be due: a few cohorts, one piece of resolving, of closing, of taking back. `gives_way`:
    this is a worker among others, and not somebody who wants it done."""

    def __init__(self, clock: Clock, tenant: int | None, steps: Steps, *, gives_way: bool) -> None:
        self._clock, self._tenant, self._steps, self._gives_way = clock, tenant, steps, gives_way
        self._lease = timedelta(seconds=conf().lease_seconds)
        self._expanded = self._closed = 0
        """Whose turn it was last."""

    def begin(self) -> bool:
        """What a ring is mostly about: a run to be resolved. A look at everything else comes behind it."""
        return self._expand(None if self._tenant is None else [self._tenant], self._clock()) is not None

    def go(self) -> bool:
        """Whether there was anything to do that nobody else held."""
        now = self._clock()
        due = look(now=now, tenant=self._tenant)
        if not due:
            return False
        done = bool(due.cohorts and self._step(now, self._tenant))
        now = self._clock() if done else now  # a step may have taken long, and leases count from now
        begun = time.monotonic()
        if due.expand and (expanded := self._expand(due.expand, now)) is not None:
            if expanded.held is None and not expanded.walked:  # a page of a crowd
                if self._gives_way and self._let_through([expanded.tenant]):
                    self._give_way([expanded.tenant], begun)
                if not done:
                    self._step(self._clock(), expanded.tenant)
            done = True
        if due.close and self._close(due.close, self._clock() if done else now):
            done = True
        return bool(due.withdraw and withdraw_due(now=now, tenant=self._tenant)) or done

    def _expand(self, tenants: Sequence[int] | None, now: datetime) -> Expanded | None:
        """Resolve the next piece, of these or of anybody; runs of few people take their first step at once."""
        turns = None if tenants is None else in_turn_after(tenants, self._expanded)
        expanded = expand_next(turns, now=now, lease=self._lease, steps=self._steps)
        if expanded is not None:
            self._expanded = expanded.tenant
            if expanded.held is not None:
                advance(expanded.held, work=expanded.work, clock=self._clock, steps=self._steps)
        return expanded

    def _close(self, tenants: Sequence[int], now: datetime) -> bool:
        """Close the next digests; they take their first step at once."""
        closed = close_next(in_turn_after(tenants, self._closed), now=now, lease=self._lease)
        if closed is None:
            return False
        self._closed = closed.tenant
        if closed.held is not None:
            advance(closed.held, work=closed.work, clock=self._clock, steps=self._steps)
        return True

    def _step(self, now: datetime, tenant: int | None) -> int:
        """Claim a few cohorts and walk each; how many. In each, and behind it, others' runs of few people are let
        through: they would wait for thousands."""
        held, claimed = claim_due(now=now, lease=self._lease, tenant=tenant), time.monotonic()
        owners = {one.tenant_id for one in held}
        for one in held:
            begun = time.monotonic()
            if begun - claimed < conf().lease_seconds / 3 or hold_on(one, now=self._clock(), lease=self._lease):
                advance(one, clock=self._clock, steps=self._steps, pause=lambda: self._let_through(owners))
            if self._let_through(owners) and self._gives_way:
                self._give_way(owners, begun)
        return len(held)

    def _give_way(self, crowd: Collection[int], begun: float) -> None:
        """After what took long, while others are about, do nothing for twice as long but let them through. The
        processor is theirs meanwhile, and a crowd that takes three times as long is still told in seconds."""
        now = time.monotonic()
        until = now + min(2 * (now - begun), PAUSE_MAX) if now - begun >= CROWD else now
        while time.monotonic() < until:
            time.sleep(BREATH)
            self._let_through(crowd)

    def _let_through(self, but: Collection[int]) -> bool:
        """Whether others are about."""
        if self._tenant is not None:
            return False
        now = self._clock()
        due, about = others(but, now=now)
        if due:
            self._expand(due, now)
        return about


def advance(
    held: Held,
    *,
    work: Work | None = None,
    clock: Clock = db_now,
    steps: Steps = STEPS,
    pause: Callable[[], object] | None = None,
) -> None:
    """Walk one cohort as far as it goes now. An error puts it back with its people unharmed, to be tried again. `work`
    is what its next step works on, where that is known. `pause` is called between each plan and its write, when nothing
    is locked."""
    if held.tries > conf().tries and isolate_lost(held, now=clock()):
        return
    try:
        work = work or load_work(held, now=clock())
        while work is not None:
            plan = _plan(work, steps)
            if pause is not None:
                pause()
            further = _settled(held, work, plan)
            work = further and further.at(clock())
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


def _plan(work: Work, steps: Steps) -> Plan:
    scene = work.scene
    if not enabled():
        return Plan([Move(scene.people, Stop("disabled"))])
    return plan_step(scene, steps)


def _settled(held: Held, work: Work, plan: Plan) -> Work | None:
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
    """What the ticker and Beat call: find due work that no doorbell announced. Where another thread of this process is
    at it, that is left to it: it looks at everything too, and two would share one interpreter. One that has been at it
    for longer than it may is not counted on."""
    now = time.monotonic()
    if not any(now - begun < 2 * DRAIN_SECONDS for begun in _under_way):
        drain(seconds=DRAIN_SECONDS)


def forget_keys() -> int:
    """Idempotency keys count for a day; how many ended."""
    old = db_now() - timedelta(hours=conf().idempotency_hours)
    keyed = Run.objects.across_tenants().filter(idempotency_key__isnull=False, created_at__lt=old)
    return keyed.update(idempotency_key=None)
