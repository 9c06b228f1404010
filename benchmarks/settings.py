"""A production site, stock but for three things: what leaves may go to the receivers of the benchmarks, on this
machine, it has a key for pushes, and there is a kind of letter that kills its worker."""

import os

from notifyhub.settings.production import *  # noqa: F403
from notifyhub.settings.production import NOTIFYHUB

NOTIFYHUB_LOOPBACK = True
NOTIFYHUB["CHANNELS_DELIVERY"] |= {
    "BACKENDS": (f"{__package__}.poison.BACKEND",),
    "ALLOW_ORIGINS": tuple(os.environ["BENCH_ORIGINS"].split()),
    "CA_FILE": os.environ["BENCH_CA_FILE"],
    "VAPID_PRIVATE_KEY": "b25seS1mb3ItYmVuY2htYXJrcy0zMi1ieXRlcy1pbmQ",
    "VAPID_SUBJECT": "mailto:ops@acme.example",
}
