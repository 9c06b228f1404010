"""The doorbell of the outbox: a task that carries no data and may be lost, late or doubled."""

from __future__ import annotations

from celery import shared_task

from . import courier
from .waking import BELL


@shared_task(name=BELL)
def drain() -> None:
    courier.ring()
