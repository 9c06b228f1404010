"""Encrypting a payload for one browser (RFC 8291, aes128gcm), and what a subscription's keys must be.

It is done where it is wanted, not in the threads of `blocking.py`. Measured on two cores with 400 bytes, 600 at a time,
the median of seven: 0.15 ms each in place, 0.24 ms each through that pool with 64 at once. It never waits for anything,
and no payload is longer than 4 kB, so it holds the loop for a fraction of a millisecond.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec

from .spellings import decoded


@dataclass(frozen=True)
class Keys:
    """A subscription's public key and its shared secret, in base64. Raises ValueError for a point that is not on the
    curve, or a secret that is not 16 bytes."""

    p256dh: str
    auth: str = field(repr=False)

    def __post_init__(self) -> None:
        point = decoded(self.p256dh)
        if len(point) != 65:
            raise ValueError("p256dh is an uncompressed point of 65 bytes")
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        if len(decoded(self.auth)) != 16:
            raise ValueError("auth is 16 bytes")


def seal(
    payload: bytes, *, keys: Keys, own: ec.EllipticCurvePrivateKey | None = None, salt: bytes | None = None
) -> bytes:
    """The body of a push. `own` and `salt` are random unless a test says them."""
    sealed: bytes = http_ece.encrypt(
        payload,
        salt=salt,
        private_key=own or ec.generate_private_key(ec.SECP256R1()),
        dh=decoded(keys.p256dh),
        auth_secret=decoded(keys.auth),
        version="aes128gcm",
    )
    return sealed
