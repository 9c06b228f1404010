"""The settings of a peer's own Django site, on a database of its own."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings


def configure(address: str, *, apps: list[str], **more: Any) -> None:
    parts = urlsplit(address)
    settings.configure(
        SECRET_KEY="benchmark",  # noqa: S106 - signs nothing
        USE_TZ=True,
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", *apps],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
        DEFAULT_FROM_EMAIL="hub@acme.example",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": parts.path.lstrip("/"),
                "HOST": parts.hostname or "",
                "PORT": parts.port or "",
                "USER": parts.username or "",
                "PASSWORD": parts.password or "",
            }
        },
        **more,
    )
    django.setup()
