"""Receivers that hang, that ask for patience, that fail in their ways: what they do to their own lane, and not to
anybody else's."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection

from channels_delivery.courier import Stop, drain
from channels_delivery.models import Attempt, Channel, Delivery, Lane
from channels_delivery.outbox import Way
from channels_delivery.outcome import Temporary
from channels_delivery.retry import LONG, QUICK
from channels_delivery.settle import Result, settle
from notifications.models import Tenant
from tests.site.processes import wait_until

from .moves import deliveries, lane, later, let_time_come, put, states, take
from .receiver import Receiver
from .webhooks import OLD, channel, post, receiver  # noqa: F401  fixtures

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def at_work() -> Iterator[None]:
    """A courier in a thread of this process."""
    stop = Stop()

    def work() -> None:
        drain(stop=stop)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.tell(patience=0)
        thread.join(timeout=20)
    assert not thread.is_alive()


@pytest.fixture
def silent(receiver: Receiver, settings: Any) -> Iterator[str]:  # noqa: F811
    """The origin of somebody who takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listening:
        origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
        section = {"ALLOW_ORIGINS": [origin, receiver.origin]}
        settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": section}
        yield origin


@pytest.mark.postgres
@pytest.mark.faults
def test_a_tenant_whose_receivers_all_hang_keeps_nobody_waiting(
    channel: Channel,  # noqa: F811
    globex: Tenant,
    receiver: Receiver,  # noqa: F811
    silent: str,
) -> None:
    sound = Channel.objects.create(tenant=globex, kind="webhook", name="hook", secrets={"signing": [OLD]})
    for n in range(30):
        urls = [f"{silent}/{n}/{m}" for m in range(8)]
        put(channel.tenant, *urls, kind="webhook", channel=channel.pk, way=Way(f"hangs {n}"))
    mine = Delivery.objects.filter(tenant=channel.tenant_id)

    with at_work():
        assert wait_until(lambda: mine.filter(state="sending").count() >= 100, seconds=30)
        for n in range(40):
            put(globex, f"{receiver.origin}/{n}", kind="webhook", channel=sound.pk, way=Way("out", cap=20))
        arrived = wait_until(lambda: states().get("delivered") == 40, seconds=20)
        # One or two more may have been taken when others ended, and are given back.
        half = wait_until(lambda: mine.filter(state="sending").count() == 100, seconds=20)

    assert arrived, "they wait for the one whose receivers hang"
    assert half, "half of the slots, and the other half free"
    assert states() == {"pending": 240, "delivered": 40}
    assert set(Lane.objects.across_tenants().values_list("in_flight", flat=True)) == {0}


HOUR = 3600
ASKED = [  # what a 429 asks for, and the seconds (at least, at most) for which nothing is sent to this receiver
    ("600", 600, 610),
    ("{date}", 595, 610),
    ("-5", 30, 36),
    ("0", 30, 36),
    ("soon", 30, 36),
    ("315360000", 24 * HOUR, 24 * HOUR + 10),
    ("1e3", 30, 36),
]


@pytest.mark.parametrize(("asked", "least", "most"), ASKED)
def test_the_whole_receiver_is_left_alone_for_as_long_as_it_asks_but_a_day_at_most(
    channel: Channel,  # noqa: F811
    receiver: Receiver,  # noqa: F811
    asked: str,
    least: int,
    most: int,
) -> None:
    date = later(600).strftime("%a, %d %b %Y %H:%M:%S GMT")
    receiver.answers["/hook"] = [(429, {"Retry-After": asked.format(date=date)})]
    post(channel, f"{receiver.origin}/hook")
    before = later(0)
    drain()
    post(channel, f"{receiver.origin}/hook")

    assert drain() == 0, "not even what is new"

    opens = lane(channel.tenant).open_at
    assert opens is not None
    assert before + timedelta(seconds=least) <= opens <= later(most)
    assert not take(now=before + timedelta(seconds=least - 1))
    assert (states(), len(receiver.got)) == ({"pending": 2}, 1)


@pytest.mark.parametrize(
    ("status", "answers", "state", "code"),
    [
        (500, 11, "dead", "provider"),
        (502, 11, "dead", "provider"),
        (408, 11, "dead", "provider"),
        (425, 11, "dead", "provider"),
        (421, 11, "dead", "provider"),
        (404, 11, "dead", "provider"),
        (401, 11, "dead", "auth"),
        (413, 1, "failed", "content"),
        (431, 1, "failed", "content"),
        (410, 1, "failed", "address"),
    ],
)
def test_each_status_is_tried_as_often_as_it_deserves_and_ends_in_its_state(
    channel: Channel,  # noqa: F811
    receiver: Receiver,  # noqa: F811
    status: int,
    answers: int,
    state: str,
    code: str,
) -> None:
    receiver.answers["/hook"] = [(status, {})] * 20
    one = post(channel, f"{receiver.origin}/hook")
    waits: list[float] = []
    while states() == {"pending": 1}:
        drain()
        one.refresh_from_db()
        last = Attempt.objects.filter(delivery_id=one.pk).latest("no").finished_at
        assert last is not None
        waits += [(one.due_at - last).total_seconds()] if one.state == "pending" else []
        let_time_come()

    assert (one.state, one.code, len(receiver.got)) == (state, code, answers)
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 1
    for wait, step in zip(waits, LONG.steps, strict=False):
        assert 0.79 * step <= wait <= 1.21 * step


def test_many_retries_due_at_once_leave_at_the_rate_and_cap_of_their_lanes(acme: Tenant, scripted: Any) -> None:
    start = later(0)
    for name in ("a", "b"):
        put(acme, *(f"{name}{n}" for n in range(150)), way=Way(name, cap=6, rate=20.0))
    started: dict[str, list[datetime]] = {"a": [], "b": []}
    tick, now = timedelta(seconds=0.1), start
    while "pending" in states():
        parcels = take(now=now)
        for name, times in started.items():
            mine = [one for one in parcels if one.address.startswith(name)]
            times.extend([now] * len(mine))
            assert len(mine) <= 6
        settle([Result(parcel, Temporary("crash"), QUICK, n / 150) for n, parcel in enumerate(parcels)], now=now)
        deliveries().filter(state="pending", attempt=1).update(state="dead")  # their next try is another day's
        now += tick

    for times in started.values():
        assert len(times) == 150
        for moment in times:  # a bucket of one second: no second has more than two seconds' worth
            assert sum(moment <= other < moment + timedelta(seconds=1) for other in times) <= 40
        assert times[-1] - times[0] >= timedelta(seconds=150 / 20 - 1.1)


def test_retries_of_what_failed_together_spread_out(acme: Tenant, scripted: Any) -> None:
    put(acme, *(str(n) for n in range(100)), way=Way("out", cap=100))
    now = later(0)
    for _ in range(13):
        parcels = take(now=now)
        chances = [int(parcel.address) / 100 for parcel in parcels]
        settle([Result(p, Temporary("crash"), QUICK, c) for p, c in zip(parcels, chances, strict=True)], now=now)

    due = sorted((one.due_at - now).total_seconds() for one in deliveries())

    assert (due[0], due[-1]) == (pytest.approx(24), pytest.approx(35.88))
    assert max(after - before for before, after in pairwise(due)) < 0.2
