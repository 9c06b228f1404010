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
from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.core.exceptions import ImproperlyConfigured
from django.db import Error, connection

from notifications.kernel.clock import db_now
from notifications.kernel.config import enabled

from . import crash
from .backend import Outlet
from .backends import backends
from .claim import Parcel, claim, ready_lanes
from .models import Channel
from .network import DEADLINE, loop_thread
from .outcome import Outcome, Permanent, Temporary
from .retry import QUICK
from .settle import Result, settle

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=DEADLINE + 10)
SLOTS = 100
"""Parcels under way in one process."""

BATCH, PATIENCE = 50, 0.02
"""Results are settled fifty at a time, or after 20 ms."""

LOOK_AGAIN = 0.1
"""Seconds between two looks at the lanes while all that there is to do is to wait for answers."""

Results = queue.SimpleQueue[Result]


def drain(*, seconds: float = float("inf"), slots: int = SLOTS, lease: timedelta = LEASE) -> int:
    """Send everything that is due; how many attempts came to an end.

    Returns when no lane is ready and nothing is under way, and claims nothing new after `seconds`.
    """
    stop_claiming, results = time.monotonic() + seconds, Results()
    under_way = done = 0
    while True:
        claiming = enabled() and time.monotonic() < stop_claiming
        claimed = claim(slots=slots - under_way if claiming else 0, now=db_now(), lease=lease)
        if claimed.parcels:
            crash.point("after_claim")
            under_way += _send_all(claimed.parcels, results)
        elif not under_way and not claimed.looked:
            return done
        batch = _collect(results, under_way, wait=not claimed.looked)
        if batch:
            crash.point("before_settle")
        put_off = settle(batch, now=db_now()) if batch else []
        for result in put_off:
            results.put(result)
        under_way -= len(batch) - len(put_off)
        done += len(batch) - len(put_off)


def _send_all(parcels: Sequence[Parcel], results: Results) -> int:
    outlets, known = _outlets(parcels), backends()
    for parcel in parcels:
        backend, outlet = known.get(parcel.kind), outlets.get(parcel.channel_id)
        refusal = _refusal(parcel, outlet, known=backend is not None)
        if refusal is not None or backend is None or outlet is None:
            results.put(Result(parcel, refusal or Temporary("config"), QUICK, random.random()))  # noqa: S311
        else:
            loop_thread().send(parcel, backend, outlet, results.put)
    return len(parcels)


def _refusal(parcel: Parcel, outlet: Outlet | None, *, known: bool) -> Outcome | None:
    """Why this parcel cannot even be tried."""
    if not known:
        return Temporary("config", f"No backend here sends {parcel.kind}.")
    if outlet is None:
        return Permanent("config", "The channel is gone, or its secrets cannot be read.")
    return Permanent("config", "The channel is paused.") if outlet.paused else None


def _outlets(parcels: Sequence[Parcel]) -> Mapping[int | None, Outlet]:
    """The channels of these parcels, read anew for each batch, so that a changed secret counts at once."""
    found: dict[int | None, Outlet] = {None: Outlet(None, {}, {})}
    wanted = {parcel.channel_id for parcel in parcels if parcel.channel_id}
    if wanted:
        try:
            rows = list(Channel.objects.across_tenants().filter(pk__in=wanted))
        except ImproperlyConfigured:  # one that cannot be read must not stop the others
            rows = [row for one in wanted if (row := _readable(one))]
        found |= {row.pk: Outlet(row.pk, row.settings, row.secrets, row.paused_at is not None) for row in rows}
    return found


def _readable(channel: int) -> Channel | None:
    try:
        return Channel.objects.across_tenants().filter(pk=channel).first()
    except ImproperlyConfigured as error:
        logger.error("channel.unreadable channel=%s error=%s", channel, error)
        return None


def _collect(results: Results, under_way: int, *, wait: bool) -> list[Result]:
    """What has come back: up to a batch, for up to 20 ms; for the first one longer when there is nothing else to do."""
    batch: list[Result] = []
    until = time.monotonic() + (LOOK_AGAIN if wait else PATIENCE)
    while len(batch) < min(BATCH, under_way):
        try:
            batch.append(results.get(timeout=max(until - time.monotonic(), 0.0)))
        except queue.Empty:
            break
        until = min(until, time.monotonic() + PATIENCE)
    return batch


class _Courier(threading.Thread):
    """Drains whenever it is rung, in a thread of its own: a slow receiver keeps nobody else of this process waiting."""

    IDLE = 10.0  # seconds after which an idle courier gives its database connection back

    def __init__(self) -> None:
        super().__init__(name="notifyhub-courier", daemon=True)
        self._rung = threading.Event()

    def ring(self) -> None:
        self._rung.set()

    def run(self) -> None:
        while True:
            if not self._rung.wait(self.IDLE):
                connection.close()
                self._rung.wait()
            self._rung.clear()
            try:
                drain()
            except Error as error:  # what was under way is found when its lease ends
                logger.warning("courier.database_away error=%s", type(error).__name__)
                connection.close()
            except Exception:
                logger.exception("courier.failed")


_courier: _Courier | None = None
_lock = threading.Lock()


def ring() -> None:
    """Have this process's courier look for what is due, and return at once."""
    global _courier
    with _lock:
        if _courier is None or not _courier.is_alive():
            _courier = _Courier()
            _courier.start()
        _courier.ring()


def ring_if_due() -> None:
    """For the ticker: a process with nothing to send needs no courier, nor a connection for it."""
    if ready_lanes(db_now()):
        ring()


def _forget() -> None:
    """In a child of a fork: the parent's thread is not ours, and its lock may be held for ever."""
    global _courier, _lock
    _courier, _lock = None, threading.Lock()


os.register_at_fork(after_in_child=_forget)
