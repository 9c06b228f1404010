"""A plugin for the lanes of `make test`: which test has begun last, for the case that it is the one that never ends."""

import os
from pathlib import Path


def pytest_runtest_logstart(nodeid: str) -> None:
    Path(os.environ["NOTIFYHUB_TEST_BEGUN"]).write_text(nodeid)
