"""A ring leaves after the commit, once, and costs its caller nothing when nobody is there."""

import socket
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from celery import current_app
from django.db import transaction

from notifications.kernel import doorbell
from notifications.kernel.doorbell import RINGS, ring
from tests.cast import rolled_back
from tests.services import free_port

pytestmark = pytest.mark.django_db(transaction=True)
BELL, QUEUE = "notifyhub.engine.drain", "engine"


@pytest.fixture(autouse=True)
def rings() -> Iterator[Counter[str]]:
    """The counts of this test alone, and a bell that never rang."""
    doorbell.forget()
    yield RINGS
    doorbell.forget()


@pytest.fixture
def no_broker() -> Iterator[None]:
    """A broker's address where nobody listens."""
    yield from _broker_at(f"redis://127.0.0.1:{free_port()}/0")


@pytest.fixture
def deaf_broker() -> Iterator[None]:
    """A broker that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield from _broker_at(f"redis://127.0.0.1:{listener.getsockname()[1]}/0")


def _broker_at(url: str) -> Iterator[None]:
    before = current_app.conf.broker_url, current_app.conf.broker_transport_options
    current_app.conf.update(broker_url=url, broker_transport_options={})
    yield
    current_app.conf.update(broker_url=before[0], broker_transport_options=before[1])


def test_it_rings_after_the_commit_and_not_before() -> None:
    with transaction.atomic():
        ring(BELL, queue=QUEUE)
        assert not RINGS

    assert RINGS == {"sent": 1}


def test_outside_a_transaction_it_rings_at_once() -> None:
    ring(BELL, queue=QUEUE)

    assert RINGS == {"sent": 1}


def test_it_rings_once_a_transaction_however_often_it_is_asked() -> None:
    with transaction.atomic():
        for _ in range(5):
            ring(BELL, queue=QUEUE)
        with transaction.atomic():
            ring(BELL, queue=QUEUE)

    assert RINGS == {"sent": 1}


def test_two_tasks_ring_twice() -> None:
    with transaction.atomic():
        ring(BELL, queue=QUEUE)
        ring("notifyhub.sweep", queue=QUEUE)

    assert RINGS == {"sent": 2}


def test_it_does_not_ring_after_a_rollback() -> None:
    with rolled_back():
        ring(BELL, queue=QUEUE)

    assert not RINGS


def test_it_does_not_ring_for_a_savepoint_that_rolled_back() -> None:
    with transaction.atomic(), rolled_back():
        ring(BELL, queue=QUEUE)

    assert not RINGS


def test_a_rolled_back_savepoint_does_not_swallow_the_rings_around_it() -> None:
    with transaction.atomic():
        with rolled_back():
            ring(BELL, queue=QUEUE)
        ring(BELL, queue=QUEUE)

    assert RINGS == {"sent": 1}


def test_a_storm_of_commits_is_a_few_rings() -> None:
    for _ in range(20):
        ring(BELL, queue=QUEUE)

    assert RINGS["sent"] + RINGS["spared"] == 20
    assert RINGS["spared"] > 0


def test_a_broker_that_refuses_is_counted_and_nobody_notices(no_broker: None) -> None:
    with transaction.atomic():
        ring(BELL, queue=QUEUE)

    assert RINGS == {"failed": 1}


def test_a_storm_of_commits_makes_few_rings() -> None:
    started = time.monotonic()

    for _ in range(200):
        ring(BELL, queue=QUEUE)

    most = 2 + (time.monotonic() - started) / doorbell.EVERY
    assert 1 <= RINGS["sent"] <= most
    assert RINGS["sent"] + RINGS["spared"] == 200


def test_another_task_rings_all_the_same() -> None:
    ring(BELL, queue=QUEUE)
    ring("notifyhub.sweep", queue=QUEUE)

    assert RINGS == {"sent": 2}


def test_after_a_failure_the_bell_is_silent_for_a_while(no_broker: None) -> None:
    for _ in range(50):
        ring(BELL, queue=QUEUE)

    assert RINGS == {"failed": 1, "silent": 49}


def test_a_broker_that_never_answers_costs_less_than_half_a_second(deaf_broker: None) -> None:
    started = time.monotonic()

    ring(BELL, queue=QUEUE)

    assert RINGS == {"failed": 1}
    assert time.monotonic() - started < 0.5


def test_a_fresh_process_does_not_inherit_the_silence(no_broker: None) -> None:
    ring(BELL, queue=QUEUE)
    doorbell.forget()

    ring(BELL, queue=QUEUE)

    assert RINGS == {"failed": 1}
