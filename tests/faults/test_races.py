"""Many at once: one key, one run; a cancel among workers; posts in opposite order."""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Q

from notifications import inbox
from notifications.content import Content
from notifications.inbox import Post
from notifications.kernel.clock import db_now
from notifications.models import InboxItem, InboxState, Recipient, State, Tenant
from tests.cast import Publish, crowd, run_named, workflow
from workflows import engine
from workflows.define import send_inbox
from workflows.models import Run
from workflows.refusals import InProgress, KeyReused, Refused
from workflows.retract import cancel
from workflows.retract_for import cancel_for
from workflows.runs import everyone_is_accounted_for
from workflows.trigger import Triggered, trigger

from .rig import chance, finished, items, rounds, wait_for

pytestmark = [pytest.mark.postgres, pytest.mark.faults, pytest.mark.django_db(transaction=True)]
CALLERS = 50


class Together:
    """Threads with a connection each, which do the same thing at the same moment, round after round."""

    def __init__(self, count: int) -> None:
        self._barrier = threading.Barrier(count)
        self._count = count

    def run(self, rounds: int, act: Callable[[int, int], None]) -> None:
        """`act(round, thread)`; the first error of any thread is raised here."""
        errors: list[BaseException] = []

        def go(number: int) -> None:
            try:
                for one in range(rounds):
                    self._barrier.wait(timeout=60)
                    act(one, number)
            except BaseException as error:
                errors.append(error)
                self._barrier.abort()
            finally:
                connection.close()

        threads = [threading.Thread(target=go, args=(number,)) for number in range(self._count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise next((one for one in errors if not isinstance(one, threading.BrokenBarrierError)), errors[0])


def asked(acme: Tenant, **given: Any) -> Triggered | Refused:
    try:
        return trigger("hello", tenant=acme, **given)
    except Refused as refused:
        return refused


def test_fifty_callers_with_one_key_make_one_run(acme: Tenant, alice: Recipient, hello: None) -> None:
    times = rounds(few=20, soak=200)
    answers: dict[int, list[Triggered | Refused]] = {one: [] for one in range(times)}

    Together(CALLERS).run(
        times, lambda one, _: answers[one].append(asked(acme, idempotency_key=f"k{one}", recipients=[alice]))
    )

    for said in answers.values():
        runs = {one.run for one in said if isinstance(one, Triggered)}
        assert len(runs) == 1
        assert sum(isinstance(one, Triggered) and not one.duplicate for one in said) == 1
        assert all(isinstance(one, Triggered | InProgress) for one in said)
        assert len(said) == CALLERS
    assert Run.objects.across_tenants().count() == times


def test_callers_with_one_key_and_different_bodies_make_one_run(acme: Tenant, hello: None) -> None:
    times = rounds(few=5, soak=50)
    answers: dict[int, list[Triggered | Refused]] = {one: [] for one in range(times)}

    Together(8).run(
        times, lambda one, n: answers[one].append(asked(acme, idempotency_key=f"k{one}", payload={"name": str(n)}))
    )

    for said in answers.values():
        assert sum(isinstance(one, Triggered) for one in said) == 1
        assert all(isinstance(one, Triggered | InProgress | KeyReused) for one in said)


def test_callers_with_one_transaction_id_make_one_run(acme: Tenant, hello: None) -> None:
    times = rounds(few=5, soak=50)
    answers: dict[int, list[Triggered | Refused]] = {one: [] for one in range(times)}

    Together(8).run(times, lambda one, _: answers[one].append(asked(acme, transaction_id=f"T{one}")))

    for said in answers.values():
        assert sum(isinstance(one, Triggered) for one in said) == 1
        assert {one.status for one in said if isinstance(one, Refused)} <= {409}


def test_a_key_in_an_open_transaction_is_in_progress_and_free_again_after_its_rollback(
    acme: Tenant, hello: None
) -> None:
    said: list[Triggered | Refused] = []
    other = threading.Thread(target=lambda: (said.append(asked(acme, idempotency_key="k")), connection.close()))

    with transaction.atomic():
        trigger("hello", tenant=acme, idempotency_key="k")
        other.start()
        other.join(timeout=20)
        assert said, "it waits for the other caller instead of saying so"
        transaction.set_rollback(True)

    assert isinstance(said[0], InProgress)
    assert not trigger("hello", tenant=acme, idempotency_key="k").duplicate


def test_after_an_acknowledged_cancel_nothing_new_appears(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t.five", *(send_inbox(title=f"{n}") for n in range(5))))
    people = crowd(acme, 20)
    acknowledged: dict[Run, int] = {}
    with chance("cancel") as moments:
        for _ in range(rounds(few=100, soak=500)):
            run = run_named(trigger("t.five", tenant=acme, recipients=people).transaction_id)
            worker = threading.Thread(target=lambda: (engine.drain(), connection.close()))
            worker.start()
            time.sleep(moments.uniform(0, 0.06))  # the moment of the cancel

            with transaction.atomic():
                answer = cancel(run.transaction_id, tenant=acme)
                acknowledged[run] = items(run)
            worker.join()

            assert answer.cancelled + answer.too_late == len(people)
    work_off(*acknowledged)

    for run, before in acknowledged.items():
        run.refresh_from_db()
        assert items(run) == before
        assert everyone_is_accounted_for(run)
        assert (run.shown_status, run.finished_at is not None) == ("retracted", True)
    assert not InboxItem.objects.filter(recipient__in=people, state=State.ACTIVE).exists()
    amid = sum(0 < before < 100 for before in acknowledged.values())
    assert amid, "the cancels never met the engine"


def test_after_an_acknowledged_cancel_for_some_nothing_new_appears_for_them(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t.five", *(send_inbox(title=f"{n}") for n in range(5))))
    people = crowd(acme, 20)
    some, amid = [one.pk for one in people[::2]], 0
    with chance("cancel for some") as moments:
        for _ in range(rounds(few=15, soak=300)):
            run = run_named(trigger("t.five", tenant=acme, recipients=people).transaction_id)
            worker = threading.Thread(target=lambda: (engine.drain(), connection.close()))
            worker.start()
            reached = moments.randrange(0, 80)  # the moment of the cancel
            while items(run) < reached:
                time.sleep(0.001)

            with transaction.atomic():
                answer = cancel_for(run.transaction_id, tenant=acme, recipients=people[::2])
                theirs = InboxItem.objects.filter(notification__origin=run.public_id, recipient__in=some)
                before = theirs.count()
            worker.join()
            wait_for(partial(over, run))

            assert answer.cancelled + answer.too_late == len(some)
            assert not theirs.exclude(state=State.WITHDRAWN).exists()
            assert theirs.count() == before
            assert items(run) - before == 5 * (len(people) - len(some))
            assert everyone_is_accounted_for(run)
            amid += 0 < before < 5 * len(some)
    assert amid, "the cancels never met the engine"


def over(run: Run) -> bool:
    engine.drain()
    return finished(run)


def work_off(*runs: Run) -> None:
    """Until they are over and taken back: a worker that met a cancel has stepped aside for a moment."""
    waiting = Run.objects.across_tenants().filter(pk__in=[run.pk for run in runs])

    def over() -> bool:
        engine.drain()
        return not waiting.filter(Q(finished_at__isnull=True) | Q(retracted_at__isnull=True)).exists()

    wait_for(over)


def test_posts_in_opposite_order_all_arrive(acme: Tenant) -> None:
    people = [one.pk for one in crowd(acme, 200)]
    orders = [people, people[::-1], people[100:] + people[:100], people[::2] + people[1::2]]
    times = rounds(few=15, soak=100)

    def post(one: int, number: int) -> None:
        thread = "t" if number % 2 else ""
        contents = [Content(f"{one}.{number}.{n}", thread=thread) for n in range(2)]
        inbox.post([Post(acme.pk, "k", content, orders[number]) for content in contents], now=db_now())

    Together(len(orders)).run(times, post)

    expected = times * len(orders) * 2
    places = {person: set[int]() for person in people}
    for person, seq in InboxItem.objects.filter(recipient__in=people).values_list("recipient_id", "seq"):
        places[person].add(seq)
    heads = dict(InboxState.objects.values_list("recipient_id", "head"))
    assert {len(seqs) for seqs in places.values()} == {expected}
    assert all(max(seqs) <= heads[person] for person, seqs in places.items())
    assert InboxItem.objects.filter(state=State.ACTIVE, thread="t").count() == len(people)


def test_everything_at_once_in_one_inbox_leaves_it_consistent(bob: Recipient) -> None:
    """Posting, reading, archiving, read-all and catching up, all in the same moment."""
    first = inbox.post([Post(bob.tenant_id, "k", Content(str(n)), [bob.pk]) for n in range(30)], now=db_now())
    heads: list[int] = []

    def act(one: int, number: int) -> None:
        moves: list[Callable[[], Any]] = [
            lambda: inbox.post([Post(bob.tenant_id, "k", Content("x", thread="t"), [bob.pk])], now=db_now()),
            lambda: inbox.mark_read(bob, first[one : one + 3], now=db_now()),
            lambda: inbox.archive(bob, [first[one]]),
            lambda: inbox.read_all(bob),
            lambda: inbox.mark_unread(bob, [first[one + 1]]),
            lambda: heads.append(int(inbox.current_cursor(bob).split(".")[1])),
        ]
        moves[number]()

    times = rounds(few=20, soak=25)
    Together(6).run(times, act)

    revs = list(InboxItem.objects.filter(recipient=bob).values_list("rev", flat=True))
    head = InboxState.objects.get(recipient=bob).head
    assert max([*revs, *heads]) <= head
    assert len(revs) == 30 + times
    assert InboxItem.objects.filter(recipient=bob, thread="t", state=State.ACTIVE).count() == 1
    changes = inbox.changes_since(bob, "0.0")
    assert len(changes.entries) == len(revs)
