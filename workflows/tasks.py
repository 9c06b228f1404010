"""Doorbells: tasks that carry no data and may be lost, late or doubled. Each calls one verb."""

from __future__ import annotations

from celery import shared_task

from notifications.kernel.clock import RunningClock
from notifications.kernel.doorbell import LISTEN

from . import engine
from .engine_bell import BELL

_clock = RunningClock()


@shared_task(name=BELL)
def drain() -> None:
    engine.drain(listen=LISTEN, clock=_clock.now_or_later)


@shared_task(name="notifyhub.sweep")
def sweep() -> None:
    engine.sweep()
