"""What a marked test needs, and the skip with its reason where this process does not have it.

`make test` picks the tests of each lane by marker; these skips are for a plain `pytest`.
"""

import gc
import os
from pathlib import Path

import pytest
from django.db import connection

from tests.database import fill_once
from tests.services import find_chromium, find_verifiers

_EITHER = ("web/", "flows/test_tenant_matrix.py", "channels_delivery/test_admin", "notifications/test_admin")
_EITHER += ("preferences/test_admin", "workflows/test_admin")
"""Pages, routes and forms: one database is enough for them, and where there is a PostgreSQL that is the one."""

_HERE = Path(__file__).resolve().parent
_OF_A_DATABASE = {"db", "transactional_db", "live_server"}
_MARKS_OF_A_DATABASE = ("django_db", "postgres", "redis", "browser", "faults")


def pytest_sessionstart() -> None:
    fill_once()


@pytest.hookimpl(tryfirst=True)  # before pytest picks by marker
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reasons = {
        "postgres": None if connection.vendor == "postgresql" else "set NOTIFYHUB_TEST_DATABASE_URL to a PostgreSQL",
        "redis": None if os.environ.get("NOTIFYHUB_TEST_REDIS_URL") else "set NOTIFYHUB_TEST_REDIS_URL",
        "browser": find_chromium().missing or None,
        "node": find_verifiers().missing or None,
    }
    for item in items:
        if _asks_no_database(item):
            item.add_marker(pytest.mark.once)
        elif str(item.path.relative_to(_HERE)).startswith(_EITHER):
            item.add_marker(pytest.mark.either)
        if item.get_closest_marker("once"):
            item.user_properties.append(("once", ""))  # for the table at the end of `make test`
        for mark, reason in reasons.items():
            if reason and item.get_closest_marker(mark):
                item.add_marker(pytest.mark.skip(reason=reason))


def _asks_no_database(item: pytest.Item) -> bool:
    """pytest-django lets no such test near a database, so it is the same in every lane."""
    asked = _OF_A_DATABASE.intersection(getattr(item, "fixturenames", ()))
    return not asked and not any(item.get_closest_marker(mark) for mark in _MARKS_OF_A_DATABASE)


def pytest_collection_finish() -> None:
    """What is loaded by now stays loaded: the collector of garbage need not look through it again and again."""
    gc.collect()
    gc.freeze()
