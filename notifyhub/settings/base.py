"""Settings shared by every way of running the hub."""

import zoneinfo
from datetime import timedelta
from pathlib import Path
from typing import Any

from .environment import env, secret, secrets_list

BASE_DIR = Path(__file__).resolve().parent.parent.parent
VAR_DIR = Path(env.str("NOTIFYHUB_VAR_DIR", default=str(BASE_DIR / "var")))

# Zone rules come from the pinned tzdata wheel; the tables of an operating system are often years behind.
zoneinfo.reset_tzpath(to=[])
zoneinfo.ZoneInfo.clear_cache()

DEBUG = env.bool("DEBUG", default=False)
VERSION = "0.1.0"

# -- Apps ------------------------------------------------------------------------------------------
HUB_APPS = {
    "notifications": "notifications.apps.NotificationsConfig",
    "preferences": "preferences.apps.PreferencesConfig",
    "channels_delivery": "channels_delivery.apps.ChannelsDeliveryConfig",
    "workflows": "workflows.apps.WorkflowsConfig",
}
SITE_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "channels",
    "django_celery_beat",
    "notifyhub.apps.SiteConfig",
]
INSTALLED_APPS = [*SITE_APPS, *HUB_APPS.values()]

# One setting, a section per app; each app's conf.py holds the typed defaults.
NOTIFYHUB: dict[str, Any] = {
    "ENABLED": env.bool("NOTIFYHUB_ENABLED", default=True),
    "TENANT_RESOLVER": None,
    "NOTIFICATIONS": {},
    "PREFERENCES": {},
    "CHANNELS_DELIVERY": {
        # Web push: `manage.py notifyhub_vapid` makes a key.
        "VAPID_PRIVATE_KEY": secret("NOTIFYHUB_VAPID_PRIVATE_KEY", default=""),
        "VAPID_SUBJECT": env.str("NOTIFYHUB_VAPID_SUBJECT", default=""),
    },
    "WORKFLOWS": {},
}

# Fernet keys for what is kept encrypted, such as the secrets of channels. The first one writes, all of them read.
NOTIFYHUB_ENCRYPTION_KEYS = secrets_list("NOTIFYHUB_ENCRYPTION_KEYS")

# Whether the sign-in page offers the people of the demo data by one click. Never on a public site.
NOTIFYHUB_DEMO = False

# Whether CHANNELS_DELIVERY["ALLOW_ORIGINS"] may open addresses of this machine to what tenants write into a URL.
NOTIFYHUB_LOOPBACK = False

# Whether mail and webhooks are kept to be looked at (/mailbox/, /catcher/): in one process that sends and shows.
NOTIFYHUB_KEEPS_WHAT_IT_SENDS = False

# -- Web -------------------------------------------------------------------------------------------
ROOT_URLCONF = "notifyhub.urls"
ASGI_APPLICATION = "notifyhub.asgi.application"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "notifyhub.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "inbox"
LOGOUT_REDIRECT_URL = "sign-in"

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 512 * 1024

# -- Data, time, language --------------------------------------------------------------------------
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TIME_ZONE = "UTC"
USE_TZ = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]  # those that we translate; others would come out half and half
USE_I18N = True

# -- HTTP API --------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "notifications.api.auth.ApiKeyAuthentication",
        "notifications.api.auth.WidgetAuthentication",
        "notifications.api.auth.TenantSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["notifications.api.permissions.InTenant"],
    "DEFAULT_PARSER_CLASSES": ["notifications.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "notifications.api.problems.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "TEST_REQUEST_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}
SPECTACULAR_SETTINGS = {
    "TITLE": "notifyhub",
    "DESCRIPTION": "Notification infrastructure for Django: one trigger reaches everyone who should know.",
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
}

# -- Celery: a doorbell, never the truth -----------------------------------------------------------
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = timedelta(minutes=2).seconds
CELERY_TASK_TIME_LIMIT = timedelta(minutes=3).seconds
CELERY_TASK_PUBLISH_RETRY = False  # a bell that does not ring is found by the sweep
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False  # the lease fences; let the step finish
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
# Without this, Celery closes every database connection before and after each task (8.9 ms each time).
# notifyhub.celery mends connections that broke in between.
CELERY_DB_REUSE_MAX = 10_000

# -- Logs: event names and ids to stdout -----------------------------------------------------------
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"event": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "event"}},
    "root": {"handlers": ["stdout"], "level": LOG_LEVEL},
    "loggers": {
        # Django's own handlers would print twice, and mail tracebacks to admins nobody named.
        "django": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "urllib3": {"level": "ERROR"},  # its warnings name URLs, and some URLs are secrets
    },
}
