"""Names and secrets: time-ordered public ids, random keys, and the hash under which a key is kept."""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
import time
import uuid

_lock = threading.Lock()
_last: tuple[int, int] = (0, 0)


def uuid7() -> uuid.UUID:
    """A UUIDv7 (RFC 9562, method 1): 48 bits of milliseconds, a 12-bit counter, 62 random bits.

    Strictly increasing within a process, so that ids made in one batch keep their order.
    """
    global _last
    with _lock:
        millisecond, count = time.time_ns() // 1_000_000, 0
        if millisecond <= _last[0]:
            millisecond, count = _last[0], _last[1] + 1
            if count > 0xFFF:
                millisecond, count = millisecond + 1, 0
        _last = (millisecond, count)
    tail = int.from_bytes(os.urandom(8), "big") & ((1 << 62) - 1)
    return uuid.UUID(int=millisecond << 80 | 0x7 << 76 | count << 64 | 0b10 << 62 | tail)


def random_secret() -> str:
    """256 random bits, URL-safe."""
    return secrets.token_urlsafe(32)


def secret_hash(secret: str) -> str:
    """SHA-256 in hex. A fast hash is right for 256 random bits: there is nothing to guess."""
    return hashlib.sha256(secret.encode()).hexdigest()
