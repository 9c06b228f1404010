"""The thread that sends: it is rung, and for a while after that it finds by itself what nobody rings for."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from channels_delivery.courier import Courier
from channels_delivery.models import Channel
from tests.site.processes import wait_until

from .moves import states
from .receiver import Receiver
from .webhooks import channel, post, receiver  # noqa: F401  fixtures

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@contextmanager
def running(courier: Courier) -> Iterator[Courier]:
    courier.start()
    yield courier
    courier.stop(patience=10)


def rung_for(courier: Courier, channel: Channel, receiver: Receiver) -> None:  # noqa: F811
    """It is rung for something, and has seen it through."""
    post(channel, f"{receiver.origin}/rung-for")
    courier.ring()
    assert wait_until(lambda: states() == {"delivered": 1}, seconds=20)


def connections() -> int:
    """To this database, by anybody."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def test_what_nobody_rings_for_is_found_by_who_was_rung_lately(
    channel: Channel,  # noqa: F811
    receiver: Receiver,  # noqa: F811
) -> None:
    with running(Courier()) as courier:
        rung_for(courier, channel, receiver)

        post(channel, f"{receiver.origin}/its-ring-was-lost")

        assert wait_until(lambda: len(receiver.got) == 2, seconds=20)


def test_an_idle_one_holds_no_connection_and_is_there_when_it_rings(
    channel: Channel,  # noqa: F811
    receiver: Receiver,  # noqa: F811
) -> None:
    before = connections()
    with running(Courier(idle=0.3)) as courier:
        for path in ("first", "second"):
            post(channel, f"{receiver.origin}/{path}")
            courier.ring()
            assert wait_until(lambda: connections() == before + 1, seconds=20)
            assert wait_until(lambda: connections() == before, seconds=20)

    assert [got.path for got in receiver.got] == ["/first", "/second"]


def test_one_that_lost_its_connection_sends_what_it_is_rung_for_next(
    channel: Channel,  # noqa: F811
    receiver: Receiver,  # noqa: F811
) -> None:
    with running(Courier()) as courier:
        rung_for(courier, channel, receiver)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

        post(channel, f"{receiver.origin}/after")

        assert wait_until(lambda: bool(courier.ring() or len(receiver.got) == 2), seconds=20)
