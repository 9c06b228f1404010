"""Text that every database can hold."""

from __future__ import annotations

import re

NO_TEXT = re.compile("[\0\ud800-\udfff]")
"""What a Python string can hold and PostgreSQL's text cannot: NUL, and half of a surrogate pair."""
STRANGE = "contains a NUL, or half of a surrogate pair, which is no character"


def is_storable(text: str) -> bool:
    return NO_TEXT.search(text) is None
