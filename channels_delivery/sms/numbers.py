"""Phone numbers: E.164 or nothing, and the country they are in. `phonenumbers` is loaded at the first one."""

from __future__ import annotations

from dataclasses import dataclass

RANGE_DIGITS = 3
"""Numbers that differ only in so many last digits are one range: those who earn by being texted rent them in blocks."""


@dataclass(frozen=True)
class Number:
    """`e164` is as it is dialled from anywhere, `country` two letters, empty where it is in none (satellites)."""

    e164: str
    country: str

    @property
    def range(self) -> str:
        return self.e164[:-RANGE_DIGITS]


def number_of(text: str) -> Number | None:
    """The number that this is, or None. It has to begin with + and its country: nothing is guessed."""
    import phonenumbers  # 44 MB on disk, and not read at all by a site that sends no SMS

    if not text.strip().startswith("+"):
        return None
    try:
        found = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        return None
    if found.extension or not phonenumbers.is_possible_number(found):
        return None
    e164 = phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)
    country = phonenumbers.region_code_for_number(found) or _lone_region(found.country_code or 0)
    return Number(e164, country)


def _lone_region(code: int) -> str:
    """The country of a calling code that only one country has: a number new to the tables is still in it."""
    import phonenumbers

    regions = [one for one in phonenumbers.region_codes_for_country_code(code) if one != "001"]
    return regions[0] if len(regions) == 1 else ""
