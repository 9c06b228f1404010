"""The settings of this app: `NOTIFYHUB["PREFERENCES"]`."""

from __future__ import annotations

from dataclasses import dataclass

from notifications.kernel.config import section


@dataclass(frozen=True)
class PreferencesSettings:
    """- `unsubscribe_mailto`: the mailbox (`unsubscribe@hub.example.com`) whose mails are given to
      `manage.py notifyhub_unsubscribe`; without it, people unsubscribe by the web alone
    - `unsubscribes_per_hour`: how many changes the links of one person may make
    """

    unsubscribe_mailto: str = ""
    unsubscribes_per_hour: int = 60


conf = section("PREFERENCES", PreferencesSettings)
