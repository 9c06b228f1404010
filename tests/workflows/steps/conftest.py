from tests.cast import *  # noqa: F403  the cast is on every stage
from tests.cast import _nothing_remembered  # noqa: F401
from tests.channels_delivery.conftest import scripted  # noqa: F401
