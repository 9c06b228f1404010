from collections.abc import Iterator
from typing import Any

import pytest

from channels_delivery.testing import SCRIPTED, Scripted
from tests.cast import *  # noqa: F403  the cast is on every stage
from tests.cast import _nothing_remembered  # noqa: F401


@pytest.fixture
def scripted(settings: Any) -> Iterator[Scripted]:
    """The backend that says what it is told to say."""
    section = {"BACKENDS": ["channels_delivery.testing.SCRIPTED"]}
    settings.NOTIFYHUB = {**settings.NOTIFYHUB, "CHANNELS_DELIVERY": section}
    SCRIPTED.forget()
    yield SCRIPTED
    SCRIPTED.forget()
