"""The way out: claim ─ attempt ─ commit ─ send ─ settle, on one screen.

Two threads. The courier's owns the database; the loop thread (`network.py`), one a process, owns the network. Parcels
go over, results come back, and neither waits for the other longer than it has to.
"""

from __future__ import annotations

import logging
import os
import queue
import random
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from django.db import Error, connection

from notifications.kernel.clock import RunningClock, db_now
from notifications.kernel.config import enabled

from . import crash
from .claim import SUSPECT, Room, ready_lanes
from .conf import conf
from .leaving import sort_out
from .manners import Manners
from .network import DEADLINE, loop_thread
from .outcome import GivenBack
from .parcel import Parcel
from .retry import QUICK
from .settle import Result
from .suspended import Suspended
from .turn import turn

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=DEADLINE + 10)
BATCH, ENOUGH, PART, PATIENCE, GAP = 200, 32, 4, 0.02, 0.004
"""Results are settled up to two hundred at a time: as soon as there are `ENOUGH` and a quarter of what is under way,
after 20 ms, or when no further one came for 4 ms. Waiting for a full batch would bring network and database into step,
each idle while the other works; and what hangs would keep what came back waiting."""

LOOK_AGAIN, LOOK_SOON = 0.04, 0.01
"""Seconds between two looks at the lanes while all that there is to do is to wait for answers, and between two tries to
write down a result whose row somebody else holds; and between two looks at least, however often it rings."""

IDLE, LINGER = 10.0, 0.02
"""For so many seconds after it rang, or after it sent something, a courier with nothing to do looks at the lanes by
itself: so often at first, later after a hundredth of the time since then. Rings get lost: a Celery worker that has not
noticed yet that a child of it died, which takes it up to five seconds, hands its tasks to the dead one."""

AHEAD = 4
"""So many are taken for each that came back. Twice as many would do if all answers came evenly; where each takes 50 ms,
four times as many make 15 % more webhooks a second, and six times no more."""

GRACE = 2.0
"""Seconds to write down what was given back."""

Results = queue.SimpleQueue[Result | None]
"""What came back; None: somebody rang."""


class Stop:
    """How a drain is told to end: it claims nothing new, and what it has under way gets some time to come back."""

    def __init__(self) -> None:
        self._over_at = float("inf")
        self.told = False

    def tell(self, *, patience: float) -> None:
        """End, and give back what is still under way after `patience` seconds. The shortest patience counts."""
        self._over_at = min(self._over_at, time.monotonic() + patience)
        self.told = True

    @property
    def over(self) -> bool:
        return time.monotonic() >= self._over_at


class Bell:
    """Has whoever drains look at the lanes, also while it waits for answers: the slowest of those would be the pace of
    everybody else."""

    def __init__(self) -> None:
        self._results: Results | None = None

    def ring(self) -> None:
        results = self._results
        if results is not None:
            results.put(None)

    def heard_by(self, results: Results | None) -> None:
        self._results = results


def drain(
    *,
    seconds: float = float("inf"),
    slots: int | None = None,
    lease: timedelta = LEASE,
    stop: Stop | None = None,
    bell: Bell | None = None,
    clock: RunningClock | None = None,
    suspended: Suspended | None = None,
) -> int:
    """Send everything that is due, at most `slots` at a time (the setting `AT_ONCE` if None), of which a tenant alone
    gets half; how many results were written down.

    Returns when no lane is ready and nothing is under way, and claims nothing new after `seconds` or a `stop`. While it
    waits for answers, it looks at the lanes now and then, and soon when the `bell` rings. A caller who drains again and
    again keeps `clock` and `suspended`, so that they are not asked for each time.
    """
    under_way: dict[int, Parcel] = {}
    slots, results, bell = conf().at_once if slots is None else slots, Results(), bell or Bell()
    bell.heard_by(results)
    try:
        until, clock = time.monotonic() + seconds, clock or RunningClock()
        look = _Look(stop or Stop(), until, slots, suspended or Suspended())
        return _turns(under_way, results, look, clock, lease=lease)
    except BaseException:
        loop_thread().give_back(under_way)  # their answers would reach nobody, and keep others from being sent
        raise
    finally:
        bell.heard_by(None)


@dataclass
class _Look:
    """What decides how much a drain may take in a turn."""

    stop: Stop
    until: float
    slots: int
    suspended: Suspended
    manners: Manners = field(default_factory=Manners)

    def room(self, under_way: Mapping[int, Parcel], back: Sequence[Result]) -> Room:
        """While we are at the database, about as many end as did since the last turn: there is room for more than
        those, so that the network never waits for us. Which of them may start is seen to there. No room while
        the database does not tell who is suspended; when nothing is under way, its error is raised."""
        if not self._may_claim():
            return Room(0)
        try:
            suspended = self.suspended.tenants()
        except Error:
            connection.close_if_unusable_or_obsolete()
            if not (back or under_way):
                raise
            return Room(0)
        ended = sum(result.tried and result.outcome != GivenBack(begun=False) for result in back)
        busy = Counter(parcel.tenant_id for parcel in under_way.values())
        careful = any(parcel.lost >= SUSPECT for parcel in under_way.values())
        now, free = time.monotonic(), max(self.slots + AHEAD * ended - len(under_way), 0)
        few, pausing = self.manners.most(now), self.manners.pausing(now)
        return Room(free, busy, careful, few=few, pausing=pausing, suspended=suspended)

    def _may_claim(self) -> bool:
        return enabled() and not self.stop.told and time.monotonic() < self.until


def _turns(
    under_way: dict[int, Parcel],
    results: Results,
    look: _Look,
    clock: RunningClock,
    *,
    lease: timedelta,
) -> int:
    back, done, manners = list[Result](), 0, look.manners
    while True:
        begun = time.monotonic()
        room = look.room(under_way, back)
        if back:
            crash.point("before_settle")
        taken = turn(back, room, now=clock.now(), lease=lease)
        done += len(back) - len(taken.put_off)
        for result in taken.put_off:
            under_way[result.parcel.id] = result.parcel
            loop_thread().later(LOOK_AGAIN, partial(results.put, result))
        claimed = taken.claimed
        if claimed.parcels:
            crash.point("after_claim")
            manners.started(Counter(one.tenant_id for one in claimed.parcels), begun=begun, now=time.monotonic())
            under_way.update({parcel.id: parcel for parcel in claimed.parcels})
            _send_all(claimed.parcels, results, at_once=look.slots, now=clock.now())
        elif not under_way and not claimed.looked and not room.pausing:
            return done
        elif look.stop.over:
            loop_thread().give_back(under_way)
        pausing = bool(room.pausing)  # its time is up before an answer has to come
        came = _collect(results, len(under_way) + pausing, wait=not claimed.looked and not pausing)
        # The others have lost their lease, and were taken anew.
        back = [result for result in came if under_way.get(result.parcel.id) is result.parcel]
        for result in back:
            del under_way[result.parcel.id]


def _send_all(parcels: Sequence[Parcel], results: Results, *, at_once: int, now: datetime) -> None:
    """Hand them to the network, but for those that cannot be tried, or are not to be."""
    errands, back = sort_out(parcels, now=now)
    for parcel in parcels:
        if parcel.id in back:
            results.put(Result(parcel, back[parcel.id], QUICK, random.random(), tried=False))  # noqa: S311
    if errands:
        loop_thread().send(errands, results.put, at_once=at_once)


def _collect(results: Results, under_way: int, *, wait: bool) -> list[Result]:
    """What has come back: all that is there, if that is enough; else what comes within 20 ms without a pause, or for
    the first one longer when there is nothing else to do and nobody rings."""
    batch: list[Result] = []
    begun = time.monotonic()
    until = end = begun + (LOOK_AGAIN if wait else PATIENCE)
    enough = max(ENOUGH, under_way // PART)
    while len(batch) < min(BATCH, under_way):
        left = until - time.monotonic() if len(batch) < enough else 0.0
        try:
            one = results.get(timeout=left) if left > 0 else results.get_nowait()
        except queue.Empty:
            break
        now = time.monotonic()
        if one is None:
            end = min(end, begun + LOOK_SOON)
            until = min(until, end)
        else:
            end = end if batch else min(end, now + PATIENCE)
            until = min(end, now + GAP)
            batch.append(one)
    return batch


class Courier(threading.Thread):
    """Drains whenever it is rung, in a thread of its own: a slow receiver keeps nobody else of this process waiting.

    For a while after that it looks by itself, unless something failed; an idle one holds no database connection."""

    def __init__(self, *, idle: float = IDLE) -> None:
        """`idle`: seconds after which it only waits to be rung."""
        super().__init__(name="notifyhub-courier", daemon=True)
        self._rung, self._bell, self._idle = threading.Event(), Bell(), idle
        self._told_to, self._clock, self._suspended = Stop(), RunningClock(), Suspended()

    def ring(self) -> None:
        self._rung.set()
        self._bell.ring()

    def stop(self, patience: float) -> None:
        self._told_to.tell(patience=patience)
        self._rung.set()
        self.join(timeout=patience + GRACE)

    def _drain(self) -> int:
        return drain(stop=self._told_to, bell=self._bell, clock=self._clock, suspended=self._suspended)

    def run(self) -> None:
        busy_at = float("-inf")
        while not self._told_to.told:
            quiet = time.monotonic() - busy_at
            if quiet >= self._idle:
                connection.close()
            if self._rung.wait(max(LINGER, quiet / 100) if quiet < self._idle else None):
                self._rung.clear()
                busy_at = time.monotonic()
            try:
                if self._drain():
                    busy_at = time.monotonic()
            except Error as error:  # what was under way is found when its lease ends
                logger.warning("courier.database_away error=%s", type(error).__name__)
                connection.close()
                busy_at = float("-inf")
            except Exception:
                logger.exception("courier.failed")
                busy_at = float("-inf")
        connection.close()


_courier: Courier | None = None
_stopped = False
_lock = threading.Lock()


def ring() -> None:
    """Have this process's courier look for what is due, and return at once. Does nothing once it was stopped."""
    global _courier
    with _lock:
        if _stopped:
            return
        if _courier is None or not _courier.is_alive():
            _courier = Courier()
            _courier.start()
        _courier.ring()


def ring_if_due() -> None:
    """For the ticker: a process with nothing to send needs no courier, nor a connection for it."""
    if ready_lanes(db_now()):
        ring()


def stop(*, patience: float | None = None) -> None:
    """For the end of this process: claim nothing more, wait for what is under way, and give back what is not answered
    in time, so that another worker sends it at once. `patience` is in seconds; the setting `STOP_SECONDS` if None."""
    global _stopped
    with _lock:
        _stopped, courier = True, _courier
    if courier is not None and courier.is_alive():
        courier.stop(min(conf().stop_seconds if patience is None else patience, DEADLINE))


def _forget() -> None:
    """In a child of a fork: the parent's thread is not ours, and its lock may be held for ever."""
    global _courier, _stopped, _lock
    _courier, _stopped, _lock = None, False, threading.Lock()


os.register_at_fork(after_in_child=_forget)
