"""A worker process forks: its children send with threads of their own. How they die: `tests/faults/`."""

import os
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from django.db import connection

from channels_delivery.models import Channel
from tests.site.processes import ROOT, environment

from .moves import states
from .receiver import Receiver
from .webhooks import channel, post, receiver  # noqa: F401  fixtures

pytestmark = [pytest.mark.postgres, pytest.mark.faults, pytest.mark.django_db(transaction=True)]

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


def worker(origin: str, *, program: str) -> int:
    """A process of its own that drains the outbox; its exit status."""
    server = urlsplit(os.environ["NOTIFYHUB_TEST_DATABASE_URL"])
    env = environment(
        DJANGO_SETTINGS_MODULE="notifyhub.settings.test",
        NOTIFYHUB_TEST_DATABASE_URL=server._replace(path=f"/{connection.settings_dict['NAME']}").geturl(),
    )
    command = [sys.executable, "-c", program, origin]
    return subprocess.run(command, cwd=ROOT, env=env, timeout=60, check=False).returncode


def test_a_forked_worker_sends_with_threads_of_its_own(channel: Channel, receiver: Receiver) -> None:  # noqa: F811
    post(channel, f"{receiver.origin}/hook")

    assert worker(receiver.origin, program=FORKED) == 0

    assert (len(receiver.got), states()) == (1, {"delivered": 1})
