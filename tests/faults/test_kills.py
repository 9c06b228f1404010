"""Workers are killed, cut off and doubled while they tell 5,000 people: everybody is told once."""

import os
import signal
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from notifications.models import Recipient, Tenant
from tests.cast import Publish, crowd, items_of, run_named, wake_everybody, workflow
from workflows.define import condition, delay, send_inbox, throttle
from workflows.models import Cohort, Run
from workflows.runs import everyone_is_accounted_for
from workflows.trigger import Trigger, trigger, trigger_many

from .rig import (
    assert_everyone_has_exactly_one,
    celery_worker,
    chance,
    children,
    finished,
    items,
    own_redis,
    posting_held_up,
    rounds,
    wait_for,
    wait_for_items,
    wait_until_finished,
    workers,
)

pytestmark = [pytest.mark.postgres, pytest.mark.faults, pytest.mark.django_db(transaction=True)]
MANY = 5_000


@pytest.fixture(autouse=True)
def short_lease(settings: Any) -> None:
    """What a killed worker held is due again soon."""
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "WORKFLOWS": {"LEASE_SECONDS": 1}}


@pytest.fixture
def people(acme: Tenant) -> list[Recipient]:
    return crowd(acme, MANY)


def start(key: str, tenant: Tenant, **given: Any) -> Run:
    return run_named(trigger(key, tenant=tenant, recipients=[{"everyone": True}], **given).transaction_id)


def test_workers_killed_at_random_moments_of_fan_outs(acme: Tenant, people: list[Recipient], hello: None) -> None:
    with chance("killed") as moments:
        for _ in range(rounds(few=4, soak=20)):
            run = start("hello", acme)
            with posting_held_up() as held_up, workers(2):
                wait_for(held_up)  # so that one blow at least falls in the middle of a write
            with workers(1):
                time.sleep(moments.uniform(0, 0.1))  # not a wait: the moment of the blow
            for _ in range(4):
                reached = items(run) + moments.randrange(MANY // 4)
                with workers(2):
                    wait_for_items(run, reached)
                    time.sleep(moments.uniform(0, 0.03))
            with workers(2):
                wait_until_finished(run)

            assert_everyone_has_exactly_one(run, people)


def everybody_sleeps(run: Run) -> bool:
    """All are resolved, and all have come to the step behind the delay."""
    resolved = Run.objects.across_tenants().get(pk=run.pk).people == MANY
    return resolved and not Cohort.objects.across_tenants().filter(open=True, step="0").exists()


def test_workers_killed_while_people_wake(acme: Tenant, people: list[Recipient], publish: Publish) -> None:
    publish(workflow("t.wakes", delay(hours=1), send_inbox(title="Hello {{ recipient.name }}")))
    with chance("waking") as moments:
        run = start("t.wakes", acme)
        with workers(1):
            wait_for(lambda: everybody_sleeps(run))
        wake_everybody()
        for _ in range(5):
            with workers(1):
                reached = items(run) + moments.randrange(MANY // 4)
                wait_for_items(run, reached)
        with workers(1):
            wait_until_finished(run)

    assert_everyone_has_exactly_one(run, people)


def test_workers_killed_in_throttles_and_branches(acme: Tenant, people: list[Recipient], publish: Publish) -> None:
    """Two runs at once, of which each person may have one: who counted somebody and died has not counted them."""
    first_half = {"<": [{"var": "recipient.name"}, "P 3"]}
    branches = condition(first_half, then=[send_inbox(title="one")], otherwise=[send_inbox(title="other")])
    publish(workflow("t.limit", throttle(1, within=timedelta(hours=1)), branches))
    with chance("throttled") as moments:
        runs = [start("t.limit", acme) for _ in range(2)]
        for _ in range(5):
            with workers(2):
                reached = sum(map(items, runs)) + moments.randrange(MANY // 5)
                wait_for(lambda: sum(map(items, runs)) >= reached or all(map(finished, runs)))  # noqa: B023 - at once
                time.sleep(moments.uniform(0, 0.03))
        with workers(2):
            wait_until_finished(*runs)

    told = [person for run in runs for person, n in items_of(run).items() for _ in range(n)]
    assert sorted(told) == [one.pk for one in people]
    assert all(everyone_is_accounted_for(run) for run in runs)
    assert {run_named(run.transaction_id).error for run in runs} == {""}


def test_workers_killed_among_small_runs(acme: Tenant, hello: None) -> None:
    people = crowd(acme, 800)
    with chance("small runs") as moments:
        answers = trigger_many([Trigger("hello", {"name": one.name}, [one]) for one in people], tenant=acme)
        runs = [run_named(answer.transaction_id) for answer in answers]
        for _ in range(4):
            with workers(2):
                time.sleep(moments.uniform(0, 0.1))
        with workers(2):
            wait_for(lambda: not Run.objects.across_tenants().filter(finished_at__isnull=True).exists())

    for run, person in zip(runs, people, strict=True):
        assert_everyone_has_exactly_one(run, [person])


def test_connections_cut_in_the_middle(acme: Tenant, people: list[Recipient], hello: None) -> None:
    """As when the database restarts: what was not committed is done again, nobody is given up."""
    with chance("cut") as moments:
        run = start("hello", acme)
        with workers(2):
            for _ in range(12):
                time.sleep(moments.uniform(0, 0.05))
                with connection.cursor() as cursor:
                    cursor.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
            wait_until_finished(run)

    assert_everyone_has_exactly_one(run, people)


def test_many_workers_on_one_run_share_it(acme: Tenant, people: list[Recipient], hello: None) -> None:
    run = start("hello", acme)

    with workers(4):
        wait_until_finished(run)

    assert_everyone_has_exactly_one(run, people)


@pytest.mark.redis
def test_a_celery_worker_whose_children_are_killed(
    acme: Tenant, people: list[Recipient], hello: None, tmp_path: Path
) -> None:
    with own_redis(tmp_path) as server, celery_worker(server.url, tmp_path / "worker.log", lease=1) as worker:
        for _ in range(rounds(few=2, soak=10)):
            run = start("hello", acme)
            wait_for_items(run, 1)
            for child in children(worker.pid):
                os.kill(child, signal.SIGKILL)
            wait_until_finished(run)

            assert_everyone_has_exactly_one(run, people)
