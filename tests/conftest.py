"""What a marked test needs, and the skip with its reason where this process does not have it.

`make test` picks the tests of each lane by marker; these skips are for a plain `pytest`.
"""

import os

import pytest
from django.db import connection

from tests.services import find_chromium, find_verifiers


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reasons = {
        "postgres": None if connection.vendor == "postgresql" else "set NOTIFYHUB_TEST_DATABASE_URL to a PostgreSQL",
        "redis": None if os.environ.get("NOTIFYHUB_TEST_REDIS_URL") else "set NOTIFYHUB_TEST_REDIS_URL",
        "browser": find_chromium().missing or None,
        "node": find_verifiers().missing or None,
    }
    for item in items:
        for mark, reason in reasons.items():
            if reason and item.get_closest_marker(mark):
                item.add_marker(pytest.mark.skip(reason=reason))
