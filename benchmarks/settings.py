"""A production site, stock but for two things: what leaves may go to the receivers of the benchmarks, on this machine,
and there is a kind of letter that kills its worker."""

import os

from notifyhub.settings.production import *  # noqa: F403
from notifyhub.settings.production import NOTIFYHUB

NOTIFYHUB_LOOPBACK = True
NOTIFYHUB["CHANNELS_DELIVERY"] |= {
    "BACKENDS": (f"{__package__}.poison.BACKEND",),
    "ALLOW_ORIGINS": tuple(os.environ["BENCH_ORIGINS"].split()),
    "CA_FILE": os.environ["BENCH_CA_FILE"],
}
