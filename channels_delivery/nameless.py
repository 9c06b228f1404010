"""The words of a server or a provider without the addresses of people: for what is kept longer than a person is."""

from __future__ import annotations

import re

from .masking import HIDDEN

_APART = r"[ ()./-]{0,2}"
"""What may stand between two digits of a phone number."""

_MAIL = re.compile(r"[^\s<>()\[\]{}\",;:]{1,64}(?:@|%40)[^\s<>()\[\]{}\",;:]{1,255}", re.IGNORECASE)
_PHONE = re.compile(
    rf"(?:\+|%2B|(?<![0-9A-Za-z.])0)[1-9](?:{_APART}[0-9]){{6,13}}"  # from abroad, or as it is dialled at home
    r"|(?<![0-9A-Za-z.])[0-9]{8,15}(?![0-9A-Za-z])",
    re.IGNORECASE,
)


def nameless(text: str, *, address: str = "") -> str:
    """`text` without `address`, and without whatever else looks like an address of mail or a phone number."""
    text = _MAIL.sub(HIDDEN, text)
    return _PHONE.sub(HIDDEN, _of(address).sub(HIDDEN, text) if address.strip() else text)


def _of(address: str) -> re.Pattern[str]:
    """This one, where it stands by itself; the digits of a number however they are written."""
    spelled = re.escape(address.strip())
    if re.fullmatch(r"\+?[0-9 ()./-]+", address.strip()):
        spelled = r"\+?" + _APART.join(re.findall("[0-9]", address))
    return re.compile(rf"(?<!\w){spelled}(?!\w)", re.IGNORECASE)
