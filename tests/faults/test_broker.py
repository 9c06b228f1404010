"""Redis and Celery carry hints. Without them a caller notices nothing, and the work is done all the same."""

import time
from pathlib import Path
from typing import Any

import pytest

from notifications.kernel import ticker
from notifications.kernel.doorbell import RINGS
from notifications.models import Recipient, Scope, Sweep, Tenant
from tests.cast import api_key, crowd, rolled_back, run_named, with_key
from workflows.models import Run
from workflows.trigger import trigger

from .rig import (
    SOAK,
    OwnRedis,
    assert_everyone_has_exactly_one,
    celery_worker,
    listen_again,
    wait_for,
    wait_until_finished,
)

pytestmark = [pytest.mark.postgres, pytest.mark.redis, pytest.mark.faults, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def people(acme: Tenant) -> list[Recipient]:
    return crowd(acme, 50)


def started(tenant: Tenant) -> Run:
    return run_named(trigger("hello", tenant=tenant, recipients=[{"everyone": True}]).transaction_id)


def test_a_rolled_back_caller_leaves_nothing_and_rings_nobody(broker: OwnRedis, acme: Tenant, hello: None) -> None:
    with rolled_back():
        trigger("hello", tenant=acme)

    assert not Run.objects.across_tenants().exists()
    assert not RINGS


def test_the_api_answers_soon_while_redis_is_stopped(
    broker: OwnRedis, acme: Tenant, people: list[Recipient], hello: None
) -> None:
    server = with_key(api_key(acme, Scope.TRIGGER))
    body = {"workflow": "hello", "recipients": [{"everyone": True}]}
    server.post("/api/v1/trigger/", body)  # warm
    broker.stop()
    listen_again()

    times = []
    for _ in range(20):
        before = time.monotonic()
        answer = server.post("/api/v1/trigger/", body)
        times.append(time.monotonic() - before)
        assert answer.status_code == 202

    if SOAK:
        assert max(times) < 0.5
    assert RINGS["failed"] == 1, "one attempt, then silence"
    assert Run.objects.across_tenants().count() == 21


def test_work_is_done_by_the_ticker_without_redis_and_by_the_bell_when_it_is_back(
    broker: OwnRedis, acme: Tenant, people: list[Recipient], hello: None, tmp_path: Path
) -> None:
    with celery_worker(broker.url, tmp_path / "worker.log"):
        broker.stop()
        without = [started(acme) for _ in range(3)]
        wait_until_finished(*without)

        broker.start()
        listen_again()
        back = started(acme)
        assert RINGS["sent"] == 1
        wait_until_finished(back)

    for run in [*without, back]:
        assert_everyone_has_exactly_one(run, people)


def test_the_bell_alone_is_enough(
    broker: OwnRedis, acme: Tenant, people: list[Recipient], hello: None, tmp_path: Path
) -> None:
    """With every sweep put off, as when all tickers are busy elsewhere."""
    with celery_worker(broker.url, tmp_path / "worker.log"):
        wait_for(lambda: set(ticker.VERBS) <= set(Sweep.objects.values_list("name", flat=True)))
        Sweep.objects.update(due_at="2100-01-01T00:00Z")
        runs = [started(acme) for _ in range(3)]

        wait_until_finished(*runs)

    for run in runs:
        assert_everyone_has_exactly_one(run, people)


def test_a_ticker_in_this_process_needs_no_broker_at_all(acme: Tenant, people: list[Recipient], hello: None) -> None:
    run = started(acme)
    running = ticker.Ticker()

    running.start()
    wait_until_finished(run)
    running.stop()

    assert_everyone_has_exactly_one(run, people)


def test_a_flushed_broker_forgets_bells_and_no_work(
    broker: OwnRedis, acme: Tenant, people: list[Recipient], hello: None, tmp_path: Path
) -> None:
    import redis

    runs: list[Any] = [started(acme) for _ in range(5)]
    redis.Redis.from_url(broker.url).flushall()

    with celery_worker(broker.url, tmp_path / "worker.log"):
        wait_until_finished(*runs)

    for run in runs:
        assert_everyone_has_exactly_one(run, people)
