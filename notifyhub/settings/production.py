"""Separate web, worker and beat processes on PostgreSQL and Redis, set up by the environment.

PUBLIC_URL decides how strict the site is: an https address turns on everything a public site needs; without
one the site answers on this machine only, over plain http, so that `make up` can be tried.
"""

import socket
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from .base import *  # noqa: F403  a settings module is its base plus its differences
from .base import NOTIFYHUB, NOTIFYHUB_ENCRYPTION_KEYS, VAR_DIR
from .databases import from_url
from .environment import env, kept_encryption_key, kept_secret_key, secret, secrets_list
from .layers import pubsub

PUBLIC_URL = env.str("PUBLIC_URL", default="http://127.0.0.1:8000").rstrip("/")
_public = urlsplit(PUBLIC_URL)
_https = _public.scheme == "https"
_local = not _https and _public.hostname in {"127.0.0.1", "localhost", "::1"}

SECRET_KEY = secret("SECRET_KEY", default="" if _local else None) or kept_secret_key(VAR_DIR)
SECRET_KEY_FALLBACKS = secrets_list("SECRET_KEY_FALLBACKS")  # old ones, so that links in old mails go on working
if _local:  # a public site names its own, once it has channels (notifyhub.W023)
    NOTIFYHUB_ENCRYPTION_KEYS = NOTIFYHUB_ENCRYPTION_KEYS or [kept_encryption_key(VAR_DIR)]
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if _local else [_public.hostname or ""]
)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[PUBLIC_URL])

NOTIFYHUB_DEMO = _local and env.bool("NOTIFYHUB_DEMO", default=False)

SECURE_SSL_REDIRECT = _https
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # probes come over plain http from inside
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=365 * 24 * 3600 if _https else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("HSTS_INCLUDE_SUBDOMAINS", default=_https)
SECURE_HSTS_PRELOAD = env.bool("HSTS_PRELOAD", default=_https)
SESSION_COOKIE_SECURE = _https
CSRF_COOKIE_SECURE = _https
if env.bool("TRUST_X_FORWARDED_PROTO", default=False):  # only behind a proxy that always sets the header
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

DATABASES = {"default": from_url(secret("DATABASE_URL"), pool_max=env.int("DATABASE_POOL_MAX", default=0))}

REDIS_URL = secret("REDIS_URL")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
CHANNEL_LAYERS = {"default": pubsub(REDIS_URL)}

# Redis by default; RabbitMQ works as well (amqp://…).
CELERY_BROKER_URL = secret("CELERY_BROKER_URL", default=REDIS_URL)
if CELERY_BROKER_URL.startswith("redis"):
    _keepalive = {
        getattr(socket, name): seconds
        for name, seconds in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))
        if hasattr(socket, name)  # not every platform names all three
    }
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": 600,  # above the longest task (CELERY_TASK_TIME_LIMIT)
        "socket_timeout": 10,  # kombu's default of none lets a publish hang for ever
        "socket_connect_timeout": 2,
        "socket_keepalive": True,
        "socket_keepalive_options": _keepalive,
    }

# Mail that no tenant's own server takes.
EMAIL_BACKEND = env.str("EMAIL_BACKEND", default="django.core.mail.backends.smtp.EmailBackend")
EMAIL_HOST = env.str("EMAIL_HOST", default="localhost")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=False)  # STARTTLS
EMAIL_USE_SSL = env.bool("EMAIL_USE_SSL", default=False)  # from the first byte
EMAIL_PORT = env.int("EMAIL_PORT", default=465 if EMAIL_USE_SSL else 587 if EMAIL_USE_TLS else 25)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = secret("EMAIL_HOST_PASSWORD", default="")
EMAIL_TIMEOUT = 25
DEFAULT_FROM_EMAIL = env.str(
    "DEFAULT_FROM_EMAIL", default=f"notifications@{'localhost' if _local else _public.hostname}"
)
NOTIFYHUB["CHANNELS_DELIVERY"]["SITE_URL"] = PUBLIC_URL  # mails link to our own pages

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

if _public.scheme not in {"http", "https"} or not _public.hostname:
    raise ImproperlyConfigured(f"PUBLIC_URL must be an http or https address, not {PUBLIC_URL!r}.")
