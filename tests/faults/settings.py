"""The settings of processes that the fault tests start: those of the tests, and a way to the receivers of this rig."""

import json
import os

from notifyhub.settings.test import *  # noqa: F403  a settings module is another one plus its differences
from notifyhub.settings.test import NOTIFYHUB

NOTIFYHUB["CHANNELS_DELIVERY"].update(json.loads(os.environ.get("NOTIFYHUB_FAULTS", "{}")))
