"""A publication is in force for every process at its commit, and never for a run in flight."""

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any

import pytest
from django.db import connections

from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from tests.cast import titles
from workflows import dynamic, engine
from workflows.define import delay, send_inbox
from workflows.design import Design
from workflows.models import Cohort, Run
from workflows.trigger import trigger

from .rig import rounds

pytestmark = [pytest.mark.faults, pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
TIMES = rounds(few=200, soak=500)


@contextmanager
def callers(count: int, tenant: Tenant, person: Recipient) -> Iterator[list[Any]]:
    """Processes of their own, each of which triggers when it is told to, and answers when that is committed."""
    connections.close_all()  # a child must not share its parent's connection
    fork, ends, crew = get_context("fork"), [], []
    for _ in range(count):
        ours, theirs = fork.Pipe()
        crew.append(fork.Process(target=_call, args=(theirs, tenant, person), daemon=True))
        crew[-1].start()
        ends.append(ours)
    try:
        yield ends
    finally:
        for one in crew:
            one.kill()
            one.join()


def _call(pipe: Any, tenant: Tenant, person: Recipient) -> None:
    while True:
        pipe.recv()
        pipe.send(trigger("t.own", tenant=tenant, recipients=[person]).transaction_id)


def test_a_trigger_after_a_publication_uses_it_in_every_process(acme: Tenant, bob: Recipient) -> None:
    row = dynamic.create(acme, "t.own", Design("Own", steps=[send_inbox(title="0")]))
    expected: dict[str, str] = {}

    with callers(2, acme, bob) as pipes:
        for n in range(TIMES):
            dynamic.change(row, steps=[send_inbox(title=f"{n}")])
            published = dynamic.publish(row, now=db_now()).definition_id
            for pipe in pipes:
                pipe.send("now")
            assert all(pipe.poll(30) for pipe in pipes)
            expected |= {pipe.recv(): published for pipe in pipes}

    walked = Run.objects.filter(tenant=acme).values_list("transaction_id", "definition_id")
    assert dict(walked) == expected
    assert len(expected) == 2 * TIMES


def test_a_run_in_flight_never_sees_one(acme: Tenant, bob: Recipient) -> None:
    steps = [send_inbox(title="old"), delay(seconds=1), send_inbox(title="old too")]
    row = dynamic.create(acme, "t.own", Design("Own", steps=steps))
    dynamic.publish(row, now=db_now())
    old = [trigger("t.own", tenant=acme, recipients=[bob]).transaction_id for _ in range(20)]
    engine.drain()

    dynamic.change(row, steps=[send_inbox(title="new"), send_inbox(title="new"), send_inbox(title="new")])
    dynamic.publish(row, now=db_now())
    Cohort.objects.filter(tenant=acme, open=True).update(wake_at=db_now())
    engine.drain()

    assert set(titles(bob)) == {"old", "old too"}
    assert titles(bob).count("old too") == len(old)
