"""The settings of this app: `NOTIFYHUB["PREFERENCES"]`."""

from __future__ import annotations

from dataclasses import dataclass

from notifications.kernel.config import section


@dataclass(frozen=True)
class PreferencesSettings:
    """For how many days what ended is kept: `keep_held_words_days` the words of messages that were held, since they
    were put aside (never less than anything may be held); `keep_held_days` that something was held for somebody, until
    when, and what became of it."""

    keep_held_words_days: int = 16
    keep_held_days: int = 90


conf = section("PREFERENCES", PreferencesSettings)
