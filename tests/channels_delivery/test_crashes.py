"""A worker process ends itself at the worst moments: nothing is lost, and a success is on record once."""

import os
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from django.db import connection

from channels_delivery.courier import drain
from channels_delivery.models import Channel
from channels_delivery.sweeps import sweep_lost
from tests.site.processes import ROOT, environment

from .moves import attempts, lane, later, let_time_come, states
from .receiver import Receiver
from .webhooks import channel, post, receiver  # noqa: F401  fixtures

pytestmark = [pytest.mark.postgres, pytest.mark.faults, pytest.mark.django_db(transaction=True)]

WORKER = """
import sys, django
from django.conf import settings
settings.NOTIFYHUB["CHANNELS_DELIVERY"]["ALLOW_ORIGINS"] = [sys.argv[1]]
django.setup()
from channels_delivery.courier import drain
drain()
"""

FORKED = """
import os, sys, time, django
from django.conf import settings
settings.NOTIFYHUB["CHANNELS_DELIVERY"]["ALLOW_ORIGINS"] = [sys.argv[1]]
django.setup()
from channels_delivery import network
from channels_delivery.models import Delivery
from channels_delivery.tasks import drain
network.loop_thread()
if child := os.fork():
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
drain()
until = time.monotonic() + 30
while Delivery.objects.across_tenants().filter(finished_at=None).exists() and time.monotonic() < until:
    time.sleep(0.05)
os._exit(0)
"""


def worker(origin: str, *, crash_at: str = "", program: str = WORKER) -> int:
    """A process of its own that drains the outbox; its exit status."""
    server = urlsplit(os.environ["NOTIFYHUB_TEST_DATABASE_URL"])
    env = environment(
        DJANGO_SETTINGS_MODULE="notifyhub.settings.test",
        NOTIFYHUB_TEST_DATABASE_URL=server._replace(path=f"/{connection.settings_dict['NAME']}").geturl(),
        NOTIFYHUB_CRASH_AT=crash_at,
    )
    command = [sys.executable, "-c", program, origin]
    return subprocess.run(command, cwd=ROOT, env=env, timeout=60, check=False).returncode


@pytest.mark.parametrize(
    ("point", "seen"), [("after_claim", 1), ("before_send", 1), ("after_send", 2), ("before_settle", 2)]
)
def test_what_a_dead_worker_held_is_sent_again_under_the_same_id(
    channel: Channel,  # noqa: F811
    receiver: Receiver,  # noqa: F811
    point: str,
    seen: int,
) -> None:
    one = post(channel, f"{receiver.origin}/hook")

    assert worker(receiver.origin, crash_at=point) == 137
    assert (states(), attempts(one)) == ({"sending": 1}, [""])
    assert drain() == 0, "it is still another's"
    assert sweep_lost(now=later(41)) == 1
    let_time_come()  # the sweep was asked with a clock ahead of ours
    assert drain() == 1

    assert len(receiver.got) == seen
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 1
    assert (states(), attempts(one)) == ({"delivered": 1}, ["lost", "delivered"])
    assert lane(channel.tenant).in_flight == 0


def test_a_forked_worker_sends_with_threads_of_its_own(channel: Channel, receiver: Receiver) -> None:  # noqa: F811
    post(channel, f"{receiver.origin}/hook")

    assert worker(receiver.origin, program=FORKED) == 0

    assert (len(receiver.got), states()) == (1, {"delivered": 1})
