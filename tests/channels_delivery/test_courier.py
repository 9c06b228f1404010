"""The thread that sends: it is rung, and for a while after that it finds by itself what nobody rings for."""

from collections.abc import Iterator

import pytest

from channels_delivery.courier import Courier
from channels_delivery.models import Channel
from tests.site.processes import wait_until

from .receiver import Receiver
from .webhooks import channel, post, receiver  # noqa: F401  fixtures

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture
def courier() -> Iterator[Courier]:
    """Started, and not rung."""
    courier = Courier()
    courier.start()
    yield courier
    courier.stop(patience=10)


def test_what_nobody_rings_for_is_found_by_who_was_rung_lately(
    courier: Courier,
    channel: Channel,  # noqa: F811
    receiver: Receiver,  # noqa: F811
) -> None:
    post(channel, f"{receiver.origin}/rung-for")
    courier.ring()
    assert wait_until(lambda: len(receiver.got) == 1, seconds=20)

    post(channel, f"{receiver.origin}/its-ring-was-lost")

    assert wait_until(lambda: len(receiver.got) == 2, seconds=20)
