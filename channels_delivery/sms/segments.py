"""How many segments a text takes on the air, and how it is cut to fit: pure.

A text whose characters are all in the GSM alphabet (3GPP TS 23.038) has 160 to a segment, any other 70 UTF-16 units;
in a text of several segments each gives up some for its place in the whole, and has 153 or 67. A character of the
extension table takes two places. Neither these two nor a surrogate pair are torn apart by the end of a segment.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Alphabet = Literal["gsm", "ucs2"]

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")
_ALONE = {"gsm": 160, "ucs2": 70}
_JOINED = {"gsm": 153, "ucs2": 67}
_CUT = "..."
# What word processors make of plain marks. One of them would more than halve what a segment holds.
_PLAIN = str.maketrans(
    {"‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "…": "...", "\u00a0": " "}
)


def alphabet(text: str) -> Alphabet:
    return "gsm" if all(one in _BASIC or one in _EXTENDED for one in text) else "ucs2"


def segments(text: str) -> int:
    """How many segments are sent, and paid for. An empty text is one."""
    kind = alphabet(text)
    sizes = _sizes(text, kind)
    if sum(sizes) <= _ALONE[kind]:
        return 1
    count, left = 1, _JOINED[kind]
    for size in sizes:
        if size > left:
            count, left = count + 1, _JOINED[kind]
        left -= size
    return count


def plain(text: str) -> str:
    """The text with typewriter marks, where that is what makes it fit the GSM alphabet."""
    simpler = text.translate(_PLAIN)
    return simpler if alphabet(simpler) == "gsm" else text


def fit(text: str, *, most: int, ending: str = "") -> str:
    """`text` and `ending`, a link say, in at most `most` segments: the text is cut, the ending is whole or, where it
    fills everything by itself, left out."""
    text, tail = plain(text), f"\n{ending}" if ending else ""
    if segments(text + tail) <= most:
        return text + tail
    if tail and segments(_CUT + tail) > most:
        return fit(text, most=most)
    low, high = 0, len(text)  # of a longer start, there are never fewer segments
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if segments(_cut(text, middle) + tail) <= most else (low, middle - 1)
    return _cut(text, low) + tail


def _cut(text: str, length: int) -> str:
    return text[:length].rstrip() + _CUT


def _sizes(text: str, kind: Alphabet) -> Sequence[int]:
    if kind == "gsm":
        return [2 if one in _EXTENDED else 1 for one in text]
    return [2 if one > "\uffff" else 1 for one in text]
