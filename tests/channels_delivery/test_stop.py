"""A worker is told to stop: it takes nothing new, ends what it has under way, and gives back what does not end."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection

from channels_delivery.courier import Stop, drain
from channels_delivery.models import Attempt, Channel
from channels_delivery.outcome import GivenBack
from notifications.models import Tenant
from tests.site.processes import ROOT, environment, wait_until

from .moves import attempts, finish, lane, later, put, states, take
from .receiver import Receiver
from .webhooks import channel, post, receiver  # noqa: F401  fixtures

pytestmark = pytest.mark.django_db(transaction=True)

WORKER = """
import sys
from django.conf import settings
section = settings.NOTIFYHUB["CHANNELS_DELIVERY"]
section["ALLOW_ORIGINS"], section["STOP_SECONDS"] = [sys.argv[1]], float(sys.argv[2])
from celery.__main__ import main
sys.argv[1:] = ["-A", "notifyhub", "worker", "-Q", "delivery,bulk", "-c", "1", "-l", "WARNING"]
main()
"""


@contextmanager
def celery_worker(origin: str, *, stop_seconds: float, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """As `celery -A notifyhub worker`, finding its work by its ticker, in a process group of its own."""
    server = urlsplit(os.environ["NOTIFYHUB_TEST_DATABASE_URL"])
    env = environment(
        DJANGO_SETTINGS_MODULE="notifyhub.settings.test",
        NOTIFYHUB_TEST_DATABASE_URL=server._replace(path=f"/{connection.settings_dict['NAME']}").geturl(),
    )
    command = [sys.executable, "-c", WORKER, origin, str(stop_seconds)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=output, start_new_session=True)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.postgres
@pytest.mark.faults
def test_what_is_under_way_ends_and_is_recorded_once(
    channel: Channel,  # noqa: F811
    receiver: Receiver,  # noqa: F811
    tmp_path: Path,
) -> None:
    answer = receiver.held["/slow"] = threading.Event()
    slow = post(channel, f"{receiver.origin}/slow")
    with celery_worker(receiver.origin, stop_seconds=25, log=tmp_path / "log") as process:
        assert wait_until(lambda: bool(receiver.got), seconds=60), (tmp_path / "log").read_text()
        os.killpg(process.pid, signal.SIGTERM)  # as process managers do
        threading.Timer(4, answer.set).start()  # a receiver that takes its time: longer than a pool by itself

        assert process.wait(timeout=30) == 0

    assert len(receiver.got) == 1
    assert (attempts(slow), states(), lane(channel.tenant).in_flight) == (["delivered"], {"delivered": 1}, 0)


@contextmanager
def draining(receiver: Receiver) -> Iterator[Stop]:  # noqa: F811
    """A courier at work in a thread of this process; the block begins when something has arrived."""
    stop = Stop()

    def work() -> None:
        drain(stop=stop)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert wait_until(lambda: bool(receiver.got), seconds=20)
    yield stop
    thread.join(timeout=20)
    assert not thread.is_alive()


@pytest.mark.postgres
def test_who_is_told_to_stop_takes_nothing_new(channel: Channel, receiver: Receiver) -> None:  # noqa: F811
    answer = receiver.held["/slow"] = threading.Event()
    post(channel, f"{receiver.origin}/slow")
    with draining(receiver) as stop:
        stop.tell(patience=20)
        post(channel, f"{receiver.origin}/next")
        answer.set()

    assert ([got.path for got in receiver.got], states()) == (["/slow"], {"delivered": 1, "pending": 1})


@pytest.mark.postgres
def test_what_does_not_end_in_time_is_given_back_and_sent_by_another(
    channel: Channel,  # noqa: F811
    receiver: Receiver,  # noqa: F811
) -> None:
    answer = receiver.held["/slow"] = threading.Event()
    slow = post(channel, f"{receiver.origin}/slow")
    with draining(receiver) as stop:
        stop.tell(patience=0)
    assert (attempts(slow), states(), lane(channel.tenant).in_flight) == (["stopped"], {"pending": 1}, 0)
    answer.set()

    drain()

    assert (attempts(slow), states()) == (["stopped", "delivered"], {"delivered": 1})
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 1


@pytest.mark.usefixtures("scripted")
def test_being_given_back_is_no_loss_and_frees_the_lane(acme: Tenant) -> None:
    [one] = put(acme)
    for _ in range(3):  # three lost leases would be its end
        finish(take(), GivenBack())

    one.refresh_from_db()
    assert (one.state, one.wait_reason, one.lost, one.lease_token) == ("pending", "stopped", 0, None)
    assert (attempts(one), lane(acme).in_flight, lane(acme).failures) == (["stopped"] * 3, 0, 0)
    assert len(take()) == 1, "at once, by whoever comes next"


@pytest.mark.usefixtures("scripted")
def test_what_may_not_be_sent_again_has_failed_and_says_nothing_of_its_lane(acme: Tenant) -> None:
    [one] = put(acme)

    finish(take(), GivenBack(again=False))

    one.refresh_from_db()
    said = Attempt.objects.get(delivery_id=one.pk).detail
    assert (one.state, one.code, lane(acme).in_flight, lane(acme).failures) == ("failed", "timeout", 0, 0)
    assert said == "The worker was stopped before there was an answer, and it may have been sent."


@pytest.mark.usefixtures("scripted")
def test_what_was_given_back_before_it_began_spends_no_try_and_keeps_its_place(acme: Tenant) -> None:
    [one] = put(acme, "first", due_at=later(-60))
    due = one.due_at

    finish(take(), GivenBack(begun=False))

    one.refresh_from_db()
    assert (one.state, one.wait_reason, one.attempt, one.due_at) == ("pending", "", 0, due)
    assert (attempts(one), lane(acme).in_flight) == ([], 0)
