"""A publication is in force for every process at its commit, and never for a run in flight."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from multiprocessing import get_context
from typing import Any

import pytest
from django.db import connections

from notifications.kernel.clock import db_now
from notifications.models import Recipient, Tenant
from tests.cast import Publish, titles, workflow
from workflows import dynamic, engine, texts
from workflows.define import delay, send_inbox
from workflows.design import Design
from workflows.models import Cohort, Run, Template, Wording, WorkflowVersion
from workflows.texts import Place
from workflows.trigger import trigger

from .rig import rounds
from .test_races import Together

pytestmark = [pytest.mark.faults, pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
TIMES = rounds(few=250, soak=500)


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


def test_many_who_publish_one_draft_make_one_version(acme: Tenant) -> None:
    row = dynamic.create(acme, "t.own", Design("Own", steps=[send_inbox(title="0")]))

    def act(one: int, who: int) -> None:
        if who == 0:
            dynamic.change(row, steps=[send_inbox(title=f"{one + 1}")])
        dynamic.publish(row, now=db_now(), by=str(who))

    Together(6).run(rounds(few=10, soak=100), act)

    versions = list(WorkflowVersion.objects.filter(tenant=acme).order_by("number"))
    assert [one.number for one in versions] == list(range(1, len(versions) + 1))
    assert all(one.definition_id != other.definition_id for one, other in pairwise(versions))
    row.refresh_from_db()
    assert row.published_id == versions[-1].definition_id


def test_templates_that_are_saved_at_once_are_all_in_force(acme: Tenant, publish: Publish) -> None:
    publish(workflow("t.order", send_inbox(title="x")))
    locales = ["de", "fr", "it", "es", "pt", "nl"]

    def act(one: int, who: int) -> None:
        row = texts.create(acme, Place("t.order", "inbox", "", f"{locales[who]}-{one:02}"), {"title": locales[who]})
        if one % 3 == 0:
            texts.delete(row)

    Together(len(locales)).run(rounds(few=6, soak=60), act)

    kept = set(Template.objects.filter(tenant=acme).values_list("locale", flat=True))
    assert {one["locale"] for one in Wording.objects.get(tenant=acme).texts} == kept
    assert len(kept) >= 4 * len(locales)
