"""Which settings this process runs with; the only package that reads the environment."""

import os


def choose() -> str:
    """Name the settings module: DJANGO_SETTINGS_MODULE, else production where a DATABASE_URL is set, else embedded."""
    kind = "production" if os.environ.get("DATABASE_URL") else "embedded"
    return os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"{__name__}.{kind}")
