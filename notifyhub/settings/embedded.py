"""Everything in one process on SQLite: for a first look, a demo, a small team (`make run`)."""

from .base import *  # noqa: F403  a settings module is its base plus its differences
from .base import LOGGING, NOTIFYHUB, NOTIFYHUB_ENCRYPTION_KEYS, STATIC_ROOT, VAR_DIR
from .databases import sqlite
from .environment import env, kept_encryption_key, kept_secret_key, kept_vapid_key, secret

SECRET_KEY = secret("SECRET_KEY", default="") or kept_secret_key(VAR_DIR)
NOTIFYHUB_ENCRYPTION_KEYS = NOTIFYHUB_ENCRYPTION_KEYS or [kept_encryption_key(VAR_DIR)]
if not NOTIFYHUB["CHANNELS_DELIVERY"]["VAPID_PRIVATE_KEY"]:
    NOTIFYHUB["CHANNELS_DELIVERY"]["VAPID_PRIVATE_KEY"] = kept_vapid_key(VAR_DIR)
NOTIFYHUB["CHANNELS_DELIVERY"]["VAPID_SUBJECT"] = (
    NOTIFYHUB["CHANNELS_DELIVERY"]["VAPID_SUBJECT"] or "mailto:hello@notifyhub.example"
)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])

STATIC_ROOT.mkdir(parents=True, exist_ok=True)
DATABASES = {"default": sqlite(VAR_DIR / "notifyhub.sqlite3")}
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

NOTIFYHUB_DEMO = env.bool("NOTIFYHUB_DEMO", default=True)
NOTIFYHUB_LOOPBACK = True
NOTIFYHUB_KEEPS_WHAT_IT_SENDS = True
EMAIL_BACKEND = "notifyhub.mailbox.MailboxBackend"
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="notifyhub <hello@notifyhub.example>")

# The default of one poll a second would make it the slowest broker there is.
CELERY_BROKER_URL = "memory://localhost/"
CELERY_BROKER_TRANSPORT_OPTIONS = {"polling_interval": 0.02}
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False

# Static files straight from the apps: nothing to collect before the first start.
WHITENOISE_USE_FINDERS = True

LOG_LEVEL = env.str("LOG_LEVEL", default="WARNING")
LOGGING["root"]["level"] = LOG_LEVEL  # type: ignore[index]
LOGGING["loggers"]["django"]["level"] = LOG_LEVEL  # type: ignore[index]
