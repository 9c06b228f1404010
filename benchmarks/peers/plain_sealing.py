"""RFC 8291 straight by `cryptography`, with nothing around it: what one encryption costs at least."""

from __future__ import annotations

import os

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def seal(payload: bytes, *, point: bytes, auth: bytes) -> bytes:
    """For the device with this public point and shared secret; one record."""
    own, salt = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
    ours = own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    secret = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point))
    key = _derived(secret, salt=auth, info=b"WebPush: info\0" + point + ours, length=32)
    nonce = _derived(key, salt=salt, info=b"Content-Encoding: nonce\0", length=12)
    cipher = AESGCM(_derived(key, salt=salt, info=b"Content-Encoding: aes128gcm\0", length=16))
    return salt + (4096).to_bytes(4, "big") + bytes([len(ours)]) + ours + cipher.encrypt(nonce, payload + b"\2", None)


def _derived(secret: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)
