"""A production site, stock but for this: webhooks may go to the receivers of the benchmarks, on this machine."""

import os

from notifyhub.settings.production import *  # noqa: F403
from notifyhub.settings.production import NOTIFYHUB

NOTIFYHUB_LOOPBACK = True
NOTIFYHUB["CHANNELS_DELIVERY"] |= {
    "ALLOW_ORIGINS": tuple(os.environ["BENCH_ORIGINS"].split()),
    "CA_FILE": os.environ["BENCH_CA_FILE"],
}
