"""For the test suites: SQLite in memory, or the database and Redis that the runner found.

NOTIFYHUB_APPS (a comma list of notifications, preferences, channels_delivery, workflows) boots a subset of the apps;
NOTIFYHUB_TEST_NAME names the database that the tests make on a PostgreSQL server. Workers that the fault tests start
find their broker at NOTIFYHUB_TEST_BROKER_URL, and hold a cohort for NOTIFYHUB_TEST_LEASE seconds.
"""

from zlib import crc32

from .base import *  # noqa: F403  a settings module is its base plus its differences
from .base import BASE_DIR, HUB_APPS, NOTIFYHUB, SITE_APPS
from .databases import from_url, sqlite
from .environment import env
from .layers import pubsub

SECRET_KEY = "only-for-tests-" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2
NOTIFYHUB_ENCRYPTION_KEYS = ["b25seS1mb3ItdGVzdHMtMDEyMzQ1Njc4OWFiY2RlZmc="]
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1", "[::1]"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

_apps = env.list("NOTIFYHUB_APPS", default=list(HUB_APPS))
INSTALLED_APPS = [*SITE_APPS, *(HUB_APPS[name] for name in _apps)]

_url = env.str("NOTIFYHUB_TEST_DATABASE_URL", default="")
DATABASES = {"default": from_url(_url) if _url else sqlite(":memory:")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["ENGINE"] = "tests.database.sqlite"
if _url.startswith("sqlite:"):
    # Threads of a live server need a file: connections to one in-memory database would wait for each other.
    DATABASES["default"]["TEST"] = {"NAME": f"{DATABASES['default']['NAME']}.test"}
elif _url:
    # A name a checkout: two of them on one server run their tests side by side.
    DATABASES["default"]["ENGINE"] = "tests.database.postgresql"
    _checkout = f"test_notifyhub_{crc32(str(BASE_DIR).encode()):08x}"
    DATABASES["default"]["TEST"] = {"NAME": env.str("NOTIFYHUB_TEST_NAME", default=_checkout)}

REDIS_URL = env.str("NOTIFYHUB_TEST_REDIS_URL", default="")
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
if REDIS_URL:  # a name a database of the tests: what is published is heard in every database of a Redis
    CHANNEL_LAYERS["default"] = pubsub(REDIS_URL, prefix=f"nh-{DATABASES['default'].get('TEST', {}).get('NAME', '')}")
CELERY_BROKER_URL = env.str("NOTIFYHUB_TEST_BROKER_URL", default="memory://localhost/")
CELERY_BROKER_TRANSPORT_OPTIONS = {"polling_interval": 0.02} if CELERY_BROKER_URL.startswith("memory:") else {}
if _lease := env.int("NOTIFYHUB_TEST_LEASE", default=0):
    NOTIFYHUB["WORKFLOWS"]["LEASE_SECONDS"] = _lease

NOTIFYHUB["CHANNELS_DELIVERY"]["VAPID_PRIVATE_KEY"] = "zfddKLo8lF9Qze_EIwV47AoWlfrlmZG6qegN8KiY6UA"
NOTIFYHUB["CHANNELS_DELIVERY"]["VAPID_SUBJECT"] = "mailto:tests@notifyhub.example"

WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True  # no scan of every static file at the start of each test client
NOTIFYHUB_LOOPBACK = True
NOTIFYHUB_KEEPS_WHAT_IT_SENDS = True
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
