from collections.abc import Iterator

import pytest

from notifyhub.catcher import CAUGHT
from notifyhub.mailbox import BOX
from tests.cast import *  # noqa: F403  the cast is on every stage
from tests.cast import _nothing_remembered  # noqa: F401


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    """What the process keeps of mail and webhooks outlives a test, unlike the database."""
    yield
    BOX.drop(lambda _: True)
    CAUGHT.drop(lambda _: True)
