"""Whether the token on a push is one of this site for this service (RFC 8292), as a push service would check it."""

from __future__ import annotations

import json
import re
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from channels_delivery.push.spellings import decoded

DAY = 24 * 3600
_FORM = re.compile(r"vapid t=([\w-]+\.[\w-]+)\.([\w-]+), ?k=([\w-]+)\Z", re.ASCII)


def token_fits(authorization: str, *, origin: str, key: str) -> bool:
    """Signed by this public key, made for this origin, and good for now and at most a day."""
    found = _FORM.match(authorization)
    if found is None or found[3] != key:
        return False
    try:
        _verify(found[1], decoded(found[2]), key)
        claims = json.loads(decoded(found[1].split(".")[1]))
        left = int(claims["exp"]) - time.time()
        return bool(claims["aud"] == origin and 0 < left <= DAY and claims["sub"])
    except (ValueError, KeyError, TypeError, InvalidSignature):
        return False


def _verify(said: str, signature: bytes, key: str) -> None:
    """Raises InvalidSignature, ValueError."""
    if len(signature) != 64:
        raise ValueError("not a signature of ES256")
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(key))
    public.verify(encode_dss_signature(r, s), said.encode(), ec.ECDSA(hashes.SHA256()))
