"""A production site, stock but for three things: what leaves may go to the receivers of the benchmarks, on this
machine; there is a kind of letter that kills its worker; and a scenario may say how much a worker process has under
way."""

import os

from notifyhub.settings.production import *  # noqa: F403
from notifyhub.settings.production import NOTIFYHUB

NOTIFYHUB_LOOPBACK = True
NOTIFYHUB["CHANNELS_DELIVERY"] |= {
    "BACKENDS": (f"{__package__}.poison.BACKEND",),
    "ALLOW_ORIGINS": tuple(os.environ["BENCH_ORIGINS"].split()),
    "CA_FILE": os.environ["BENCH_CA_FILE"],
}
if at_once := os.environ.get("BENCH_AT_ONCE"):
    NOTIFYHUB["CHANNELS_DELIVERY"]["AT_ONCE"] = int(at_once)
