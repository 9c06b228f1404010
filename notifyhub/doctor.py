"""What the site needs to work, looked at one after the other: `manage.py notifyhub_doctor`.

Each look is short, changes nothing, sends nothing, and says what to do where something is wrong.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from smtplib import SMTPException

from channels.layers import get_channel_layer
from django.conf import settings
from django.core import mail
from django.template import TemplateDoesNotExist
from django.template.loader import get_template

from channels_delivery.backends import absent
from notifications.kernel.encrypted import EncryptedJSONField

from . import health
from .celery import app

SECONDS = 5


@dataclass(frozen=True)
class Finding:
    """`wrong` empty: all is well. `advice`: what to do."""

    name: str
    wrong: str = ""
    advice: str = ""
    warning: bool = False


def examine() -> Iterator[Finding]:
    """Everything, in the order in which one needs it."""
    for name, look, advice in _LOOKS:
        yield _seen(name, look, advice)
    for kind, extra in sorted(absent().items()):
        yield Finding(kind, "is not installed", f"pip install 'notifyhub[{extra}]', if it is wanted.", warning=True)


def _seen(name: str, look: Callable[[], str], advice: str) -> Finding:
    """What a look raises is the finding; the words of a driver may hold a password, so only its kind is said."""
    try:
        wrong = look()
    except Exception as error:
        wrong = f"does not answer ({type(error).__name__})"
    return Finding(name, wrong, advice if wrong else "")


def _database() -> str:
    return health._unready() or ""


def _keys() -> str:
    if not getattr(settings, "NOTIFYHUB_ENCRYPTION_KEYS", None):
        return "are not set"
    field = EncryptedJSONField()
    whole = field.to_python(field.from_db_value(field.get_prep_value({"a": 1}), None, None)) == {"a": 1}
    return "" if whole else "do not read what they wrote"


def _broker() -> str:
    with app.connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, timeout=SECONDS)
    return ""


def _layer() -> str:
    async def there_and_back() -> bool:
        layer = get_channel_layer()
        if layer is None:
            return False
        channel = await layer.new_channel()
        await layer.send(channel, {"type": "doctor"})
        async with asyncio.timeout(SECONDS):
            return bool((await layer.receive(channel))["type"] == "doctor")

    return "" if asyncio.run(there_and_back()) else "is not set up"


def _templates() -> str:
    try:
        get_template("notifyhub/channels_delivery/admin/channel.html")
    except TemplateDoesNotExist as error:
        return f"are not found: {error}"
    return ""


def _mail() -> str:
    """The site's own way: signs in, and leaves again."""
    connection = mail.get_connection(timeout=SECONDS) if "smtp" in settings.EMAIL_BACKEND else mail.get_connection()
    try:
        connection.open()
    except SMTPException as error:
        return f"is refused by its server ({type(error).__name__})"
    finally:
        connection.close()
    return ""


_LOOKS: tuple[tuple[str, Callable[[], str], str], ...] = (
    ("database", _database, "Look at DATABASE_URL, start the server, and run `manage.py migrate`."),
    ("encryption keys", _keys, "Set NOTIFYHUB_ENCRYPTION_KEYS to Fernet keys, the one to write with first."),
    ("broker", _broker, "Look at REDIS_URL (CELERY_BROKER_URL) and start it; until then the sweep finds what waits."),
    ("channel layer", _layer, "Look at REDIS_URL and CHANNEL_LAYERS; without it nothing is live."),
    ("templates", _templates, "Add APP_DIRS or its loader to TEMPLATES, and the apps to INSTALLED_APPS."),
    ("mail", _mail, "Look at EMAIL_HOST, EMAIL_PORT, EMAIL_HOST_USER and EMAIL_HOST_PASSWORD."),
)
