"""The databases of the tests: as Django's, but that emptying one after a test takes milliseconds and not half a second.

Django empties every table, and then asks dozens of times which content types and permissions are missing now: all.
Here the rows of those two tables stay, and who filled them once for a database need not look again.
"""

from collections.abc import Callable
from typing import Any

from django.db import connections
from django.db.models.signals import post_migrate

STAY = {"django_content_type", "auth_permission"}
"""Tables that `migrate` fills and no test changes."""


def fill_once() -> None:
    """From now on `migrate` and `flush` fill those tables the first time that they see a database."""
    from django.contrib.auth.management import create_permissions
    from django.contrib.contenttypes.management import create_contenttypes

    by_name = "django.contrib.auth.management.create_permissions"
    assert post_migrate.disconnect(dispatch_uid=by_name)
    assert post_migrate.disconnect(create_contenttypes)
    post_migrate.connect(_once(create_contenttypes), weak=False)
    post_migrate.connect(_once(create_permissions), weak=False, dispatch_uid=by_name)


def _once(receiver: Callable[..., None]) -> Callable[..., None]:
    seen = set()

    def fill(app_config: Any, using: str = "default", **given: Any) -> None:
        place = connections[using].settings_dict
        this = (place["HOST"], place["PORT"], place["NAME"], app_config.label)
        if this not in seen:
            receiver(app_config, using=using, **given)
            seen.add(this)

    return fill
