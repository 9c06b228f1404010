"""Base64 as web push writes it: URL-safe, without padding."""

from __future__ import annotations

import base64
import binascii
import re

_URL_SAFE = re.compile(r"[A-Za-z0-9_-]+={0,2}\Z")


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Raises ValueError for anything else, where the standard library would pass over strange characters."""
    bare = text.rstrip("=")
    if not _URL_SAFE.match(text) or len(bare) % 4 == 1:
        raise ValueError("not URL-safe base64")
    try:
        return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except binascii.Error as error:
        raise ValueError("not URL-safe base64") from error
