"""Due verbs run on time, in one ticker of many, and a broken one harms no other."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection

from notifications.kernel import ticker
from notifications.kernel.clock import db_now
from notifications.models import Sweep
from tests.site.processes import wait_until


@pytest.fixture(autouse=True)
def verbs() -> Iterator[None]:
    """Only the verbs of this test."""
    before = dict(ticker.VERBS)
    ticker.VERBS.clear()
    yield
    ticker.VERBS.clear()
    ticker.VERBS.update(before)


def make_due(name: str) -> None:
    Sweep.objects.update_or_create(name=name, defaults={"due_at": db_now() - timedelta(seconds=1)})


@pytest.mark.django_db
def test_a_verb_nobody_has_seen_yet_runs_at_the_next_look() -> None:
    calls: list[int] = []
    ticker.register("t.new", every=60, verb=lambda: calls.append(1))

    looks = [ticker.tick() for _ in range(3)]

    assert calls == [1]
    assert looks.count(["t.new"]) == 1


@pytest.mark.django_db
def test_a_verb_waits_for_its_time() -> None:
    ticker.register("t.slow", every=60, verb=lambda: None)
    make_due("t.slow")

    assert ticker.tick() == ["t.slow"]
    assert ticker.tick() == []

    make_due("t.slow")
    assert ticker.tick() == ["t.slow"]


@pytest.mark.django_db
def test_a_verb_that_fails_stops_no_other_and_is_tried_again() -> None:
    def broken() -> None:
        raise ZeroDivisionError

    ticker.register("t.broken", every=60, verb=broken)
    ticker.register("t.sound", every=60, verb=lambda: None)
    make_due("t.broken")
    make_due("t.sound")

    assert ticker.tick() == ["t.sound"]

    make_due("t.broken")
    ticker.register("t.broken", every=60, verb=lambda: None)
    assert ticker.tick() == ["t.broken"]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_many_tickers_one_runs_a_verb() -> None:
    calls: list[int] = []
    ticker.register("t.one", every=60, verb=lambda: calls.append(1))
    make_due("t.one")
    barrier = threading.Barrier(8)

    def look() -> None:
        barrier.wait()
        ticker.tick()
        connection.close()

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert calls == [1]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_thread_survives_a_failing_verb_and_stops_when_told() -> None:
    calls: list[int] = []

    def broken() -> None:
        calls.append(1)
        raise ZeroDivisionError

    ticker.register("t.broken", every=0.01, verb=broken)
    make_due("t.broken")

    running = ticker.Ticker()
    running.start()
    assert wait_until(lambda: len(calls) >= 2, seconds=10)
    running.stop()

    assert not running.is_alive()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_nothing_that_fails_ends_the_thread(caplog: pytest.LogCaptureFixture) -> None:
    ran = threading.Event()
    ticker.VERBS["t.broken"] = None  # type: ignore[assignment]  # no error of a verb, and none of the database
    thread = ticker.Ticker(beat=0.01)
    thread.start()
    try:
        assert wait_until(lambda: "ticker.failed" in caplog.text, seconds=5)
        del ticker.VERBS["t.broken"]
        ticker.register("t.next", every=60, verb=ran.set)

        assert ran.wait(5)
    finally:
        thread.stop()
