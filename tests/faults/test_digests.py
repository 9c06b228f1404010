"""Digests under fire: however many come at once, and whoever dies meanwhile, each event is in exactly one."""

import threading
import time
from collections import Counter
from typing import Any

import pytest
from django.db import connection, transaction

from notifications.models import InboxItem, Notification, Recipient, Tenant
from tests.cast import Publish, crowd, run_named, workflow
from workflows import engine
from workflows.define import digest, send_inbox
from workflows.models import Cohort, Run, Window, WindowItem
from workflows.retract import cancel
from workflows.runs import everyone_is_accounted_for
from workflows.trigger import Trigger, trigger, trigger_many

from .rig import chance, rounds, wait_for, workers
from .test_races import Together

pytestmark = [pytest.mark.postgres, pytest.mark.faults, pytest.mark.django_db(transaction=True)]
EVENTS = 500


@pytest.fixture(autouse=True)
def short_lease(settings: Any) -> None:
    """What a killed worker held is due again soon."""
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "WORKFLOWS": {"LEASE_SECONDS": 1}}


def runs_of(key: str) -> list[Run]:
    return list(Run.objects.across_tenants().filter(workflow=key, digest="").order_by("pk"))


def all_collected() -> bool:
    """Every event's own walk has ended."""
    return not Run.objects.across_tenants().filter(digest="", finished_at__isnull=True).exists()


def all_told() -> bool:
    """In one statement, and so of one moment: what is in none of the three places may be on its way to another."""
    open_ones = Window.objects.across_tenants().filter(closed=False, n__gt=0)
    cohorts = Cohort.objects.across_tenants().filter(open=True)
    waiting = Run.objects.across_tenants().filter(finished_at__isnull=True)
    return not open_ones.values("pk").union(cohorts.values("pk"), waiting.values("pk"), all=True).exists()


def close_all() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {Window._meta.db_table} SET closes_at = now() WHERE NOT closed")


def assert_every_event_is_in_one_window(runs: list[Run], people: list[Recipient]) -> None:
    """And each window counts what it has, and everybody's sets add up."""
    found = Counter(WindowItem.objects.filter(step="0").values_list("run_id", "recipient_id"))
    assert found == {(run.pk, person.pk): 1 for run in runs for person in people}
    counted = dict(Window.objects.across_tenants().values_list("pk", "n"))
    assert counted == Counter(WindowItem.objects.values_list("window_id", flat=True))
    for run in Run.objects.across_tenants():
        assert everyone_is_accounted_for(run)
        assert (run.status, run.error) == ("sent", "")


def events_told(person: Recipient) -> int:
    """The sum of what this person's digests said they hold."""
    said = InboxItem.objects.filter(recipient=person).values_list("notification__title", flat=True)
    return sum(int(title) for title in said)


def test_five_hundred_triggers_at_once_and_two_workers_make_one_window(
    acme: Tenant, bob: Recipient, publish: Publish
) -> None:
    publish(workflow("t.storm", digest(hours=1), send_inbox(title="{{ digest.count }}")))

    def call(one: int, number: int) -> None:
        trigger("t.storm", tenant=acme, recipients=[bob], payload={"n": one * 10 + number})

    with workers(2):
        Together(10).run(EVENTS // 10, call)
        wait_for(all_collected)
    assert Window.objects.across_tenants().get().n == EVENTS
    assert not Notification.objects.filter(tenant=acme).exists()

    close_all()
    with workers(2):
        wait_for(all_told)

    assert_every_event_is_in_one_window(runs_of("t.storm"), [bob])
    assert events_told(bob) == EVENTS
    assert InboxItem.objects.filter(recipient=bob).count() == 1


def test_events_that_come_while_windows_close_are_in_one_or_in_the_next(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t.closing", digest(seconds=1, most=40), send_inbox(title="{{ digest.count }}")))
    people = crowd(acme, 5)

    def call(one: int, number: int) -> None:
        trigger("t.closing", tenant=acme, recipients=people, payload={"n": one * 4 + number})

    with workers(2):
        Together(4).run(rounds(few=50, soak=500), call)
        wait_for(all_collected)
        wait_for(all_told)

    runs = runs_of("t.closing")
    assert_every_event_is_in_one_window(runs, people)
    assert [events_told(one) for one in people] == [len(runs)] * 5
    assert Window.objects.across_tenants().count() > 5, "no window closed among them"


def test_of_those_that_come_at_once_one_leads(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t.leads", digest(hours=1, leading=True), send_inbox(title="{{ digest.count }}")))
    people = crowd(acme, 20)

    def call(one: int, number: int) -> None:
        trigger("t.leads", tenant=acme, recipients=[people[one]], payload={"n": number})
        engine.drain()

    Together(4).run(len(people), call)
    with workers(1):
        wait_for(all_collected)

    assert [events_told(one) for one in people] == [1] * len(people)
    assert list(Window.objects.across_tenants().values_list("n", flat=True)) == [3] * len(people)


def test_workers_killed_while_they_collect_and_close(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t.chain", digest(hours=1), digest(hours=1), send_inbox(title="{{ digest.count }}")))
    amid = 0
    with chance("digests") as moments:
        for _ in range(rounds(few=2, soak=10)):
            people = crowd(acme, 300, prefix=f"p{moments.random()}")
            trigger_many([Trigger("t.chain", {"n": n}, people[:100]) for n in range(10)], tenant=acme)
            trigger_many([Trigger("t.chain", {"n": n}, people) for n in range(5)], tenant=acme)
            for _ in range(6):
                with workers(2):
                    time.sleep(moments.uniform(0, 0.15))  # not a wait: the moment of the blow
                amid += not all_told()
                close_all()
            with workers(2):
                wait_for(all_told_once_collected)

            assert [events_told(one) for one in people] == [15] * 100 + [5] * 200
    assert amid, "nobody was killed at work"
    assert_all_windows_hold_what_they_count()


def all_told_once_collected() -> bool:
    if all_collected():
        close_all()
    return all_told()


def assert_all_windows_hold_what_they_count() -> None:
    counted = {pk: n for pk, n in Window.objects.across_tenants().values_list("pk", "n") if n}
    assert counted == Counter(WindowItem.objects.values_list("window_id", flat=True))
    assert all(everyone_is_accounted_for(run) for run in Run.objects.across_tenants())


def test_after_an_acknowledged_cancel_no_digest_tells_of_it(acme: Tenant, publish: Publish) -> None:
    text = "{% for item in digest.items %}{{ item.payload.n }} {% endfor %}"
    publish(workflow("t.cancel", digest(hours=1), send_inbox(title=text), send_inbox(title=text)))
    people = crowd(acme, 3)
    with chance("cancel a digest") as moments:
        for n in range(rounds(few=15, soak=200)):
            runs = [
                run_named(trigger("t.cancel", tenant=acme, recipients=people, payload={"n": f"{n}.{k}"}).transaction_id)
                for k in range(2)
            ]
            engine.drain()
            close_all()
            worker = threading.Thread(target=lambda: (engine.drain(), connection.close()))
            worker.start()
            time.sleep(moments.uniform(0, 0.04))  # the moment of the cancel

            with transaction.atomic():
                cancel(runs[0].transaction_id, tenant=acme)
                before = mentions(f"{n}.0")
            worker.join()
            wait_for(all_told_after_a_drain)

            assert mentions(f"{n}.0") == before
            assert mentions(f"{n}.1") == 6
    assert_all_windows_hold_what_they_count()


def all_told_after_a_drain() -> bool:
    engine.drain()
    return all_told()


def mentions(n: str) -> int:
    """How many items tell of this event."""
    return InboxItem.objects.filter(notification__title__regex=rf"(^| ){n}( |$)").count()
