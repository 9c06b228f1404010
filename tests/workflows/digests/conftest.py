import pytest

from tests.cast import *  # noqa: F403  the cast is on every stage
from tests.cast import Publish, _nothing_remembered, workflow  # noqa: F401
from tests.channels_delivery.conftest import scripted  # noqa: F401
from workflows.define import digest

from .moves import COUNT


@pytest.fixture
def hourly(publish: Publish) -> None:
    publish(workflow("t.hourly", digest(hours=1), COUNT))
