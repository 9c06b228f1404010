"""The settings of this app: `NOTIFYHUB["PREFERENCES"]`."""

from __future__ import annotations

from dataclasses import dataclass

from notifications.kernel.config import section


@dataclass(frozen=True)
class PreferencesSettings:
    """- `keep_held_words_days`: for how many days the words of messages that were held are kept, since they were put
      aside (never less than anything may be held)
    - `keep_held_days`: for how many days it is kept that something was held for somebody, until when, and what became
      of it
    - `keep_history_days`: for how many days it is kept who changed somebody's preferences (never less than two: an
      unsubscription can be undone for a day)
    - `unsubscribe_mailto`: the mailbox (`unsubscribe@hub.example.com`) whose mails are given to
      `manage.py notifyhub_unsubscribe`; without it, people unsubscribe by the web alone
    - `unsubscribes_per_hour`: how many changes the links of one person may make
    """

    keep_held_words_days: int = 16
    keep_held_days: int = 90
    keep_history_days: int = 730
    unsubscribe_mailto: str = ""
    unsubscribes_per_hour: int = 60


conf = section("PREFERENCES", PreferencesSettings)
