"""Celery with nothing around it: a worker whose one task says when it started.

celery -A benchmarks.peers.bare_celery worker
"""

from __future__ import annotations

import os
import time

from celery import Celery
from redis import Redis

QUEUE = STARTED = "bench-bare"

app = Celery("bare", broker=os.environ["REDIS_URL"])
app.conf.update(task_default_queue=QUEUE, task_ignore_result=True)
_redis = Redis.from_url(os.environ["REDIS_URL"])


@app.task
def start(number: int) -> None:
    now = time.perf_counter()
    _redis.rpush(f"{STARTED}-at", f"{number} {now!r}")


def started() -> dict[int, float]:
    """When each started, by its number; told once."""
    said = [line.decode().split() for line in _redis.lpop(f"{STARTED}-at", 1_000_000) or []]  # type: ignore[union-attr]
    return {int(number): float(at) for number, at in said}
