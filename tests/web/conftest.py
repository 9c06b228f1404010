from tests.cast import *  # noqa: F403  the cast is on every stage
from tests.cast import _nothing_remembered  # noqa: F401
