"""Points the settings of the site at the benchmark's own database and Redis, for this process and its workers."""

from __future__ import annotations

import os

from . import database, exits

REDIS_URL = "redis://127.0.0.1:6379/14"


def prepare() -> None:
    """Before Django is imported: the environment of a production site, stock otherwise."""
    os.environ.update(variables())
    from notifyhub.settings import choose

    choose()
    import django

    django.setup()

    from . import notice

    notice.register()


def variables() -> dict[str, str]:
    return {
        "DATABASE_URL": database.url(),
        "REDIS_URL": os.environ.get("BENCH_REDIS_URL", REDIS_URL),
        "SECRET_KEY": "only-for-benchmarks-" + "0123456789" * 5,
        "DJANGO_SETTINGS_MODULE": f"{__package__}.settings",
        "BENCH_ORIGINS": " ".join(exits.origins()),
        "BENCH_CA_FILE": str(exits.CA_FILE),
        "LOG_LEVEL": "WARNING",
    }
