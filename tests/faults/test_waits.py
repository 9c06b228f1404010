"""Waits under fire: the time-out and the acknowledgement in one moment, and workers killed while levels are told."""

import threading
import time
from collections import Counter
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q

from notifications.kernel.clock import db_now
from notifications.models import InboxItem, Recipient, Role, Tenant
from tests.cast import Publish, crowd, outcomes, run_named, titles, wake_everybody, workflow
from workflows import engine
from workflows.acknowledge import acknowledge
from workflows.define import escalate, level, send_inbox, wait_for
from workflows.models import HOUSE, Chunk, Cohort, Run
from workflows.runs import everyone_is_accounted_for
from workflows.trigger import trigger

from .rig import chance, finished, items, rounds, workers
from .rig import wait_for as wait_until_it_is

pytestmark = [pytest.mark.postgres, pytest.mark.faults, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def short_lease(settings: Any) -> None:
    """What a killed worker held is due again soon."""
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "WORKFLOWS": {"LEASE_SECONDS": 1}}


def start(key: str, tenant: Tenant, people: list[Recipient]) -> Run:
    return run_named(trigger(key, tenant=tenant, recipients=people).transaction_id)


def worked_off(run: Run) -> bool:
    engine.drain()
    return finished(run)


def test_of_time_out_and_acknowledgement_in_one_moment_one_has_its_effect(acme: Tenant, publish: Publish) -> None:
    step = wait_for("acknowledged", hours=1, on_timeout="stop")
    publish(workflow("t.race", step, send_inbox(title="thanks"), send_inbox(title="again")))
    people = crowd(acme, 3)
    won = Counter[str]()
    with chance("time-out") as moments:
        for turn in range(rounds(few=20, soak=400)):
            before = len(titles(people[0]))
            run = start("t.race", acme, people)
            engine.drain()
            wake_everybody()
            worker = threading.Thread(target=lambda: (engine.drain(), connection.close()))
            worker.start()
            time.sleep(moments.uniform(0, (turn % 20) * 0.006))  # the moment of the acknowledgement
            if turn % 20 == 19:
                worker.join()  # too late for certain
            acknowledge(run.transaction_id, tenant=acme, recipient=people[0])
            worker.join()
            wait_until_it_is(partial(worked_off, run))

            ended = outcomes(run, final=True)
            (mine,) = [reason for reason, found in ended.items() if people[0].pk in found]
            assert ended["timed_out"] >= {one.pk for one in people[1:]}
            assert len(titles(people[0])) - before == (2 if mine == "done" else 0)
            assert everyone_is_accounted_for(run)
            won[mine] += 1
    assert set(won) == {"done", "timed_out"}, f"one of the two always won: {won}"
    assert [titles(one) for one in people[1:]] == [[], []]


def test_workers_killed_while_levels_are_told(acme: Tenant, publish: Publish) -> None:
    levels = [
        level(send_inbox(title="all"), minutes=5),
        level(send_inbox(title="admins"), to=[{"role": "admin"}], hours=1),
    ]
    publish(workflow("t.levels", escalate(*levels, repeat=1), send_inbox(title="end")))
    admins, people = crowd(acme, 3, prefix="a", role=Role.ADMIN), crowd(acme, 1_200)
    with chance("levels") as moments:
        for _ in range(rounds(few=1, soak=10)):
            run = start("t.levels", acme, people)
            while not finished(run):
                for _ in range(2):
                    before = where(run)
                    with workers(1):
                        wait_until_it_is(partial(has_moved, run, before))
                        time.sleep(moments.uniform(0, 0.03))  # not a wait: the moment of the blow
                with workers(2):
                    wait_until_it_is(partial(has_come_to_a_wait, run))
                wake_everybody()

            told = Counter(
                InboxItem.objects.filter(notification__origin=run.public_id).values_list(
                    "recipient_id", "notification__title"
                )
            )
            assert told == expected(people, {"all": 2, "end": 1}) | expected(admins, {"admins": 2})
            assert Chunk.objects.across_tenants().filter(run=run, called=True).count() == 2
            assert everyone_is_accounted_for(run)
            run.refresh_from_db()
            assert (run.status, run.error, run.people) == ("sent", "", len(people) + 2 * len(admins))


def expected(people: list[Recipient], told: dict[str, int]) -> Counter[tuple[int, str]]:
    return Counter({(one.pk, title): n for one in people for title, n in told.items()})


def where(run: Run) -> set[tuple[Any, ...]]:
    """Who stands where, whoever holds them at the moment."""
    cohorts = Cohort.objects.across_tenants().filter(chunk__run=run, open=True)
    return set(cohorts.values_list("chunk", "step", "round", "open"))


def has_moved(run: Run, before: set[tuple[Any, ...]]) -> bool:
    return where(run) != before or has_come_to_a_wait(run)


def has_come_to_a_wait(run: Run) -> bool:
    """Nothing is left to do before the next level: everybody is resolved, and sleeps."""
    if Run.objects.across_tenants().filter(pk=run.pk, expand_at__isnull=False).exists():
        return False
    due = Cohort.objects.across_tenants().filter(chunk__run=run, open=True)
    return not due.filter(Q(lease_token__isnull=False) | Q(wake_at__lte=db_now())).exists()


def test_acknowledged_by_many_at_once_while_workers_are_killed(acme: Tenant, publish: Publish) -> None:
    step = wait_for("acknowledged", hours=1, on_timeout="stop")
    publish(workflow("t.many", step, send_inbox(title="thanks")))
    people = crowd(acme, 60)
    with chance("acknowledged") as moments:
        for _ in range(rounds(few=1, soak=10)):
            run = start("t.many", acme, people)
            engine.drain()
            chosen = moments.sample(people, 40)

            def say(some: list[Recipient], run: Run = run) -> None:
                for one in some:
                    acknowledge(run.transaction_id, tenant=acme, recipient=one)
                connection.close()

            crew = [threading.Thread(target=say, args=(chosen[n::4],)) for n in range(4)]
            with workers(1):
                for one in crew:
                    one.start()
                time.sleep(moments.uniform(0, 0.2))  # not a wait: the moment of the blow
            for one in crew:
                one.join()
            with workers(2):
                wait_until_it_is(partial(all_thanked, run, len(chosen)))
            wake_everybody()
            wait_until_it_is(partial(worked_off, run))

            ended = {reason: found - {HOUSE} for reason, found in outcomes(run, final=True).items()}
            assert ended["done"] == {one.pk for one in chosen}
            assert ended["timed_out"] == {one.pk for one in people} - ended["done"]
            assert everyone_is_accounted_for(run)
            assert items(run) == len(chosen)


def all_thanked(run: Run, count: int) -> bool:
    return items(run) == count
