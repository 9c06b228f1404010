"""What a channel for SMS lets out: to which countries, and how much of it.

Against whoever has us text numbers that they earn by. A text is counted against the channel's day, in segments, the
hour of the number's range, and the number's day, before it leaves (`spending.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from ..outcome import Permanent
from ..spending import Charge
from . import setup
from .numbers import Number, number_of
from .segments import segments

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def permitted(address: str, settings: Mapping[str, Any]) -> Number | Permanent:
    """The number that a channel with these settings may text, or why it may not."""
    number = number_of(address)
    if number is None:
        return Permanent("address", _("This is no phone number in full, like +15550100."))
    if number.country not in settings.get("countries", ()):
        return Permanent(
            "address", _("The channel sends to no numbers of this country (%s).") % (number.country or "?")
        )
    return number


def charges(number: Number, text: str, settings: Mapping[str, Any]) -> Sequence[Charge]:
    """What this text to this number is counted against. Pure."""
    return (
        Charge("day", segments(text), settings.get("a_day", setup.A_DAY), DAY),
        Charge(f"range {number.range}", 1, settings.get("a_range", setup.A_RANGE), HOUR),
        Charge(f"number {number.e164}", 1, settings.get("a_number", setup.A_NUMBER), DAY),
    )
